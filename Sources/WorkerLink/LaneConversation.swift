/// What one lane of a worker may say, and when: the front's judgement of every frame.
///
/// A value without memory of its own that the worker could reach; it decides, its owner acts. Anything out of place is a
/// ``LinkViolation``, after which the worker is ended.
///
/// ```
///            begin              response               end, abort, file
///   idle ───────────▶ running ───────────▶ answering ───────────────────▶ idle
///                      │ └── response (whole), abort ──────────────────────▲
///                      │ response (101)        appClose              end   │
///                      └──────────────▶ open ──────────▶ closed ───────────┤
///                     of a WebSocket      └── end, abort ──────────────────┘
/// ```
///
/// Of an event loop's lane there is one for each stream.
public struct LaneConversation: Sendable {
    private enum State {
        /// May go to running.
        case idle
        /// A request was sent. May go to answering or idle.
        case running
        /// The head of its response has come. May go to idle.
        case answering
        /// The app has accepted the WebSocket. May go to closed or idle.
        case open
        /// The app has closed its WebSocket, and has not returned. May go to idle.
        case closed
    }

    /// What a frame means.
    ///
    /// Payloads are shared memory.
    public enum Event {
        /// The head, and the first bytes of the body; the whole response if `isWhole`.
        case began(ResponseEnvelope.Reader, isWhole: Bool)
        /// More of the body.
        case continued(UnsafeRawBufferPointer)
        /// The rest of the body is this part of the file that was sent beside.
        case file(offset: Int, count: Int)
        /// The response is complete; behind its body come these fields, see ``TrailerEnvelope``.
        case ended(trailers: UnsafeRawBufferPointer)
        /// The response breaks off, or there is none. In UTF-8, why.
        case aborted(UnsafeRawBufferPointer)
        /// A line for the log, of the request that runs if `isOfRequest`.
        case log(level: UInt8, text: UnsafeRawBufferPointer, isOfRequest: Bool)
        /// The app has taken so much of what was sent to it.
        case granted(Int)
        /// The app wants to be let work until then, in nanoseconds of CLOCK_MONOTONIC: to be bounded by who reads it.
        case extended(until: UInt64)
        /// The app says that the request may be answered twice: good for one retry, no more.
        case markedIdempotent
        /// The app has accepted the WebSocket; the head says with which fields.
        case opened(ResponseEnvelope.Reader)
        /// A WebSocket message, or a part of one if `continues`.
        case message(UnsafeRawBufferPointer, isText: Bool, continues: Bool)
        /// The app closes its WebSocket.
        case closed(CloseEnvelope)
    }

    private var isSocket = false
    private var state = State.idle
    /// The request that runs; 0 for none.
    public private(set) var stream: UInt64 = 0

    /// Creates the conversation of a lane on which nothing was sent.
    public init() {}

    /// Whether no request runs.
    public var isIdle: Bool { stream == 0 }

    /// Notes that the request `stream` was sent.
    ///
    /// The lane must be idle.
    ///
    /// - Parameters:
    ///   - stream: Its name.
    ///   - isSocket: Whether it asks for a WebSocket.
    public mutating func begin(_ stream: UInt64, isSocket: Bool = false) {
        precondition(isIdle, "a lane runs one request at a time; it runs \(self.stream)")
        self.stream = stream
        self.isSocket = isSocket
        state = .running
    }

    /// Takes back a request that could not be sent.
    public mutating func cancel() {
        stream = 0
        state = .idle
    }

    /// Judges the next frame.
    ///
    /// - Throws: ``LinkViolation`` when it is not in its place or not of its form.
    public mutating func accept(
        _ header: FrameHeader,
        _ payload: UnsafeRawBufferPointer
    ) throws(LinkViolation) -> Event {
        guard let kind = FrameKind(rawValue: header.kind) else { throw .unknownKind }
        if kind == .log {
            guard let level = payload.first else { throw .malformedPayload }
            return .log(
                level: level,
                text: UnsafeRawBufferPointer(rebasing: payload.dropFirst()),
                isOfRequest: header.stream == stream && !isIdle
            )
        }
        guard !isIdle, header.stream == stream else { throw .unexpectedFrame }
        switch kind {
        case .response:
            guard state == .running else { throw .unexpectedFrame }
            let response = try ResponseEnvelope.Reader(payload)
            let isWhole = header.flags & FrameHeader.isWhole != 0
            if isSocket, !isWhole, response.status == 101 {
                state = .open
                return .opened(response)
            }
            if isWhole { cancel() } else { state = .answering }
            return .began(response, isWhole: isWhole)
        case .chunk:
            guard state == .answering else { throw .unexpectedFrame }
            return .continued(payload)
        case .file:
            guard state == .answering else { throw .unexpectedFrame }
            let (offset, count) = try FileEnvelope.load(payload)
            cancel()
            return .file(offset: offset, count: count)
        case .end:
            guard state == .answering || state == .open || state == .closed else { throw .unexpectedFrame }
            guard payload.count <= (state == .answering ? TrailerEnvelope.greatestByteCount : 0) else {
                throw .malformedPayload
            }
            cancel()
            return .ended(trailers: payload)
        case .grant:
            guard payload.count == 4 else { throw .malformedPayload }
            return .granted(Int(payload.loadUnaligned(as: UInt32.self)))
        case .extend:
            guard payload.count == 8 else { throw .malformedPayload }
            return .extended(until: payload.loadUnaligned(as: UInt64.self))
        case .idempotent:
            return .markedIdempotent
        case .appMessage:
            guard state == .open else { throw .unexpectedFrame }
            return .message(
                payload,
                isText: header.flags & FrameHeader.isText != 0,
                continues: header.flags & FrameHeader.continues != 0
            )
        case .appClose:
            guard state == .open else { throw .unexpectedFrame }
            let close = try CloseEnvelope(payload)
            state = .closed
            return .closed(close)
        case .abort:
            cancel()
            return .aborted(payload)
        case .request, .stop, .log, .body, .left, .credit, .message, .close:
            throw .unknownKind
        }
    }
}
