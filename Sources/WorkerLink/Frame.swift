/// What a frame means.
///
/// The one list of messages that front and worker exchange through the rings.
///
/// Numbers below 16 go from the front to the worker, the others from the worker to the front.
public enum FrameKind: UInt8, Sendable {
    /// A whole request: a ``RequestEnvelope``, then the body unless that travels as a file.
    case request = 1
    /// No more requests will come on this lane: its thread ends.
    case stop = 2
    /// More of a request's body that was not complete when the request was sent; ``FrameHeader/isLast`` ends it.
    case body = 3
    /// The client of the stream has left. No payload. What the app still sends goes nowhere, unless
    /// ``FrameHeader/isHalfClosed`` is set.
    case left = 4
    /// The worker may send so many more bytes on the stream, see ``SendWindow``: u32.
    case credit = 5
    /// A WebSocket message of the client, or a part of one: see ``FrameHeader/isText`` and ``FrameHeader/continues``.
    case message = 6
    /// The client's WebSocket has ended, see ``CloseEnvelope``. Nothing follows on the stream.
    case close = 7

    /// The head of a response and the first part of its body, see ``ResponseEnvelope``.
    case response = 16
    /// More of the body.
    case chunk = 17
    /// The response is complete; the payload is its trailer fields, see ``TrailerEnvelope``.
    case end = 18
    /// The response broke off after its head: it must not look complete. The payload is a reason, in UTF-8.
    case abort = 19
    /// The rest of the body is a file whose descriptor was sent before, see ``FileEnvelope``.
    case file = 20
    /// A line for the log: one byte of level, then UTF-8.
    case log = 21
    /// The front may send so many more bytes on the stream: u32.
    case grant = 22
    /// A WebSocket message of the app, or a part of one.
    case appMessage = 23
    /// The app closes its WebSocket, see ``CloseEnvelope``. ``end`` follows when the app has returned.
    case appClose = 24
    /// The app wants to be let work on the stream's request until then, in nanoseconds of CLOCK_MONOTONIC: u64.
    case extend = 25
    /// The app says that the stream's request may be answered twice. No payload.
    case idempotent = 26
}

/// The 16 bytes in front of every payload.
///
/// ```
///  0        4     5      6         8                16
///  ├ length ┼kind ┼flags ┼ claim   ┼ stream         ┤ payload … padding to 8
/// ```
///
/// `claim` is 0 in a frame that was written, see ``FrameClaim``.
public struct FrameHeader: Sendable, Equatable {
    /// Bytes of header; payloads start behind it and end on a multiple of ``alignment``.
    public static let byteCount = 16
    /// What every frame's length in the ring is rounded up to.
    public static let alignment = 8
    /// In ``flags`` of a ``FrameKind/response``: this frame is the whole response, no ``FrameKind/end`` follows.
    public static let isWhole: UInt8 = 1
    /// In ``flags`` of a ``FrameKind/body``: the body is complete.
    public static let isLast: UInt8 = 1
    /// In ``flags`` of a ``FrameKind/left``: the client has closed its side only, and may still read the answer.
    public static let isHalfClosed: UInt8 = 1
    /// In ``flags`` of a WebSocket message: it is text, in UTF-8 that was checked.
    public static let isText: UInt8 = 1
    /// In ``flags`` of a WebSocket message: the next message frame of the stream is more of the same message.
    public static let continues: UInt8 = 2

    /// Payload bytes, padding not counted.
    public var length: UInt32
    /// The raw value of a ``FrameKind``; a number nobody knows is a broken protocol.
    public var kind: UInt8
    /// Depends on the kind.
    public var flags: UInt8
    /// The request this frame belongs to; 0 for none.
    public var stream: UInt64

    /// Creates a header.
    public init(length: UInt32, kind: UInt8, flags: UInt8, stream: UInt64) {
        self.length = length
        self.kind = kind
        self.flags = flags
        self.stream = stream
    }

    /// Bytes that a frame with `payload` bytes takes in a ring.
    @inlinable
    public static func footprint(_ payload: Int) -> Int {
        byteCount + (payload + alignment - 1) & ~(alignment - 1)
    }

    @inlinable
    func store(to base: UnsafeMutableRawPointer) {
        base.storeBytes(of: length, toByteOffset: 0, as: UInt32.self)
        base.storeBytes(of: kind, toByteOffset: 4, as: UInt8.self)
        base.storeBytes(of: flags, toByteOffset: 5, as: UInt8.self)
        base.storeBytes(of: 0, toByteOffset: 6, as: UInt16.self)
        base.storeBytes(of: stream, toByteOffset: 8, as: UInt64.self)
    }

    @inlinable
    static func load(from base: UnsafeRawPointer) -> FrameHeader {
        FrameHeader(
            length: base.load(fromByteOffset: 0, as: UInt32.self),
            kind: base.load(fromByteOffset: 4, as: UInt8.self),
            flags: base.load(fromByteOffset: 5, as: UInt8.self),
            stream: base.load(fromByteOffset: 8, as: UInt64.self)
        )
    }
}

/// How the other side broke the protocol.
///
/// The link is dropped whole; a worker that did this is killed and replaced.
public enum LinkViolation: String, Error, Sendable, CaseIterable {
    /// A ring position ran past what the ring can hold.
    case positionOutOfRange
    /// A frame says that it is longer than what was written.
    case frameOverrunsRing
    /// A frame of a kind that nobody knows, or that this side does not take.
    case unknownKind
    /// The payload does not have the form of its kind.
    case malformedPayload
    /// A frame that may not come in this state, such as a second response head.
    case unexpectedFrame
    /// A file frame whose descriptor never came or is no regular file of that length.
    case badDescriptor
    /// More bytes on a stream than it was given credit for.
    case creditExceeded
}
