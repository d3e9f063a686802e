/// A part of an envelope's text area.
public struct TextSpan: Sendable, Equatable {
    /// Bytes from the start of the text area.
    public var start: UInt32
    /// Bytes.
    public var count: UInt32

    /// Creates a span.
    public init(start: Int, count: Int) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.count = UInt32(truncatingIfNeeded: count)
    }

    /// Nothing.
    public static let empty = TextSpan(start: 0, count: 0)
}

/// The payload of a ``FrameKind/request`` frame.
///
/// ```
///   0  flags u16 · fieldCount u16 · textBytes u32
///   8  bodyBytes u64          how long the body is, wherever it is
///  16  queuedAt u64           CLOCK_MONOTONIC, nanoseconds: when the request was complete
///  24  ten spans (u32, u32)   see Part
/// 104  fields: name (u32, u32), value (u32, u32) each
///   …  text: the head as the client sent it, then what the front adds
///   …  body, unless flags say that it is a file
/// ```
///
/// Names and values are the client's raw bytes: Latin-1 for WSGI, bytes for ASGI.
public enum RequestEnvelope {
    /// Bytes before the first field.
    public static let fixedBytes = 104
    /// Bytes of each field's two spans.
    public static let fieldBytes = 16

    /// What `flags` may hold.
    public struct Flags: OptionSet, Sendable {
        /// The wire form.
        public let rawValue: UInt16
        /// Creates flags from their wire form.
        public init(rawValue: UInt16) { self.rawValue = rawValue }
        /// The client's side of the connection was https, as far as the front may believe.
        public static let https = Flags(rawValue: 1)
        /// The body is a file: its descriptor comes over the control socket, in a ``ControlFile``.
        public static let bodyIsFile = Flags(rawValue: 2)
        /// The client spoke HTTP/1.0.
        public static let http10 = Flags(rawValue: 4)
        /// The request is the front's own, to warm the worker up.
        public static let warmUp = Flags(rawValue: 8)
        /// It asks for a WebSocket: answered 101, the stream goes on with messages.
        public static let webSocket = Flags(rawValue: 16)
        /// The body is not complete: what is not here follows in ``FrameKind/body`` frames, and `bodyBytes` is what is
        /// here.
        public static let bodyFollows = Flags(rawValue: 32)
        /// The client spoke HTTP/2.
        public static let http2 = Flags(rawValue: 64)
        /// The client takes trailer fields, and there is a place for them where the body's length is not given.
        public static let takesTrailers = Flags(rawValue: 128)
    }

    /// The spans, in the order in which they stand.
    public enum Part: Int, Sendable, CaseIterable {
        case method, target, path, query, host, port, clientAddress, clientPort, requestID, reserved
    }
}

/// Writes the envelope of one request into a frame's payload.
public struct RequestEnvelopeWriter {
    private let base: UnsafeMutableRawPointer
    private let fieldCount: Int
    private let textStart: Int
    private var textUsed = 0
    private var fieldsUsed = 0
    private let textBytes: Int

    /// Payload bytes for so many fields, so much text and so much inline body.
    public static func byteCount(fields: Int, textBytes: Int, inlineBody: Int) -> Int {
        RequestEnvelope.fixedBytes + fields * RequestEnvelope.fieldBytes + textBytes + inlineBody
    }

    /// Creates a writer over a payload of ``byteCount(fields:textBytes:inlineBody:)`` bytes.
    public init(
        _ payload: UnsafeMutableRawBufferPointer,
        flags: RequestEnvelope.Flags,
        fields: Int,
        textBytes: Int,
        bodyBytes: Int,
        queuedAt: UInt64
    ) {
        // The buffer comes from a ring, never empty; a missing base would be our own mistake.
        base = payload.baseAddress.unsafelyUnwrapped
        fieldCount = fields
        self.textBytes = textBytes
        textStart = RequestEnvelope.fixedBytes + fields * RequestEnvelope.fieldBytes
        base.initializeMemory(as: UInt8.self, repeating: 0, count: RequestEnvelope.fixedBytes)
        base.storeBytes(of: flags.rawValue, toByteOffset: 0, as: UInt16.self)
        base.storeBytes(of: UInt16(truncatingIfNeeded: fields), toByteOffset: 2, as: UInt16.self)
        base.storeBytes(of: UInt32(truncatingIfNeeded: textBytes), toByteOffset: 4, as: UInt32.self)
        base.storeBytes(of: UInt64(bodyBytes), toByteOffset: 8, as: UInt64.self)
        base.storeBytes(of: queuedAt, toByteOffset: 16, as: UInt64.self)
    }

    /// Appends text and returns where it stands.
    ///
    /// What does not fit the announced `textBytes` is left out.
    @discardableResult
    public mutating func append(_ bytes: UnsafeRawBufferPointer) -> TextSpan {
        guard textUsed + bytes.count <= textBytes, let source = bytes.baseAddress else { return .empty }
        (base + textStart + textUsed).copyMemory(from: source, byteCount: bytes.count)
        let span = TextSpan(start: textUsed, count: bytes.count)
        textUsed += bytes.count
        return span
    }

    /// Says where a part stands in the text.
    public func set(_ part: RequestEnvelope.Part, _ span: TextSpan) {
        base.storeBytes(of: span.start, toByteOffset: 24 + part.rawValue * 8, as: UInt32.self)
        base.storeBytes(of: span.count, toByteOffset: 28 + part.rawValue * 8, as: UInt32.self)
    }

    /// Adds one field.
    ///
    /// Fields beyond the announced number are left out.
    public mutating func addField(name: TextSpan, value: TextSpan) {
        guard fieldsUsed < fieldCount else { return }
        let place = base + RequestEnvelope.fixedBytes + fieldsUsed * RequestEnvelope.fieldBytes
        place.storeBytes(of: name.start, toByteOffset: 0, as: UInt32.self)
        place.storeBytes(of: name.count, toByteOffset: 4, as: UInt32.self)
        place.storeBytes(of: value.start, toByteOffset: 8, as: UInt32.self)
        place.storeBytes(of: value.count, toByteOffset: 12, as: UInt32.self)
        fieldsUsed += 1
    }

    /// Where the inline body goes.
    public var body: UnsafeMutableRawPointer { base + textStart + textBytes }
}

/// Reads the envelope of one request.
///
/// Used by the worker, which trusts the front but checks the bounds all the same.
public struct RequestEnvelopeReader {
    /// What the front says about the request.
    public let flags: RequestEnvelope.Flags
    /// Fields.
    public let fieldCount: Int
    /// Bytes of body, inline or in the file.
    public let bodyBytes: Int
    /// CLOCK_MONOTONIC nanoseconds: when the request was complete.
    public let queuedAt: UInt64
    private let payload: UnsafeRawBufferPointer
    private let textStart: Int
    private let textBytes: Int

    /// Creates a reader over a frame's payload.
    ///
    /// - Throws: ``LinkViolation/malformedPayload`` when the lengths don't fit the payload.
    public init(_ payload: UnsafeRawBufferPointer) throws(LinkViolation) {
        guard payload.count >= RequestEnvelope.fixedBytes else { throw .malformedPayload }
        flags = .init(rawValue: payload.loadUnaligned(fromByteOffset: 0, as: UInt16.self))
        fieldCount = Int(payload.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        textBytes = Int(payload.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        bodyBytes = Int(truncatingIfNeeded: payload.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        queuedAt = payload.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        textStart = RequestEnvelope.fixedBytes + fieldCount * RequestEnvelope.fieldBytes
        let inline = flags.contains(.bodyIsFile) ? 0 : bodyBytes
        guard bodyBytes >= 0, inline <= payload.count, textStart + textBytes + inline <= payload.count
        else { throw .malformedPayload }
        self.payload = payload
    }

    /// The bytes of one part; empty when the front left it out.
    public func part(_ part: RequestEnvelope.Part) -> UnsafeRawBufferPointer {
        text(at: 24 + part.rawValue * 8)
    }

    /// One field, `index` below ``fieldCount``.
    public func field(_ index: Int) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        let place = RequestEnvelope.fixedBytes + index * RequestEnvelope.fieldBytes
        return (text(at: place), text(at: place + 8))
    }

    /// The inline body; empty when it is a file.
    public var body: UnsafeRawBufferPointer {
        let start = textStart + textBytes
        return UnsafeRawBufferPointer(
            rebasing: payload[start..<start + (flags.contains(.bodyIsFile) ? 0 : bodyBytes)]
        )
    }

    private func text(at offset: Int) -> UnsafeRawBufferPointer {
        let start = Int(payload.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        let count = Int(payload.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
        guard start + count <= textBytes else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(rebasing: payload[textStart + start..<textStart + start + count])
    }
}
