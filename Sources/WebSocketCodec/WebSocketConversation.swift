/// The life of one open WebSocket between a client, the front and the app: it decides, its owner acts.
///
/// ```
///          close of the client, violation, loss
///   open ───────────────────────────────────────▶ closed
///     └─ the app closes, ─▶ closing ─ close of the client, ──▶ closed
///        drain, worker lost           deadline, loss
/// ```
///
/// Times are durations since any moment, the same for all calls.
public struct WebSocketConversation: Sendable {
    /// How long what may take.
    public struct Timing: Sendable, Equatable {
        /// Between two pings; zero for none.
        public var pingInterval: Duration
        /// From a ping until something has to come from the client; zero for ever.
        public var pingTimeout: Duration
        /// From our close frame until the client's.
        public var closeTimeout: Duration

        /// Creates the times.
        public init(
            pingInterval: Duration = .seconds(30),
            pingTimeout: Duration = .seconds(30),
            closeTimeout: Duration = .seconds(10)
        ) {
            self.pingInterval = pingInterval
            self.pingTimeout = pingTimeout
            self.closeTimeout = closeTimeout
        }
    }

    /// What becomes of the connection.
    public enum End: Sendable, Equatable {
        /// It goes on.
        case none
        /// Nothing is written after what has been; it ends when the client has had time to read that.
        case afterWriting
        /// It is closed, whatever is under way.
        case atOnce
    }

    /// What is to be done now, in this order.
    public struct Reaction: Sendable, Equatable {
        /// A frame for the client.
        public var frame: [UInt8]?
        /// What the app is told of the end, once at most.
        public var toApp: CloseMessage?
        /// What becomes of the connection.
        public var end: End

        init(frame: [UInt8]? = nil, toApp: CloseMessage? = nil, end: End = .none) {
            self.frame = frame
            self.toApp = toApp
            self.end = end
        }

        /// Nothing.
        public static let none = Reaction()
    }

    private enum State {
        /// May go to closing or closed.
        case open
        /// Our close frame was sent; the client's has not come. May go to closed.
        case closing(until: Duration)
        /// Nothing more is said.
        case closed
    }

    private let timing: Timing
    private var state = State.open
    /// Whether the app needs to be told no more: it was, or has closed by itself.
    private var isAppDone = false
    private var nextPing: Duration
    /// When the client is taken to be gone; nil while no ping is unanswered.
    private var silenceEnds: Duration?
    /// The code with which it ended, for logs and metrics; nil while it is open.
    public private(set) var code: CloseCode?

    /// Creates the conversation when the app has accepted.
    public init(timing: Timing, at now: Duration) {
        self.timing = timing
        nextPing = now + timing.pingInterval
    }

    /// Whether messages go both ways.
    public var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// Whether nothing more is said to the client, nor heard from it.
    public var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    /// Whether a ping is unanswered.
    public var awaitsAnswer: Bool { silenceEnds != nil }

    // MARK: The client

    /// Something has come from the client: it is there.
    public mutating func heard() {
        silenceEnds = nil
    }

    /// A ping has come: it is answered as long as no close frame was sent.
    public func pinged(_ payload: [UInt8]) -> Reaction {
        isOpen ? Reaction(frame: FrameWriter.control(.pong, payload)) : .none
    }

    /// The client's close frame has come: it is answered with the same code, unless it is itself an answer.
    public mutating func clientClosed(_ message: CloseMessage) -> Reaction {
        switch state {
        case .open:
            let echo = CloseMessage(message.code)
            return finish(message, frame: FrameWriter.control(.close, echo.payload))
        case .closing:
            state = .closed
            return Reaction(end: .afterWriting)
        case .closed:
            return .none
        }
    }

    /// The client has broken the protocol.
    public mutating func violated(_ violation: WebSocketViolation) -> Reaction {
        switch state {
        case .open:
            let message = CloseMessage(violation.closeCode, violation.message)
            return finish(message, frame: FrameWriter.control(.close, message.payload))
        case .closing:
            state = .closed
            return Reaction(end: .afterWriting)
        case .closed:
            return .none
        }
    }

    /// The connection is gone, or the client has closed its side of it without a close frame.
    public mutating func lost() -> Reaction {
        switch state {
        case .open:
            return finish(CloseMessage(.lost), frame: nil, end: .atOnce)
        case .closing:
            state = .closed
            return Reaction(end: .atOnce)
        case .closed:
            return .none
        }
    }

    private mutating func finish(_ message: CloseMessage, frame: [UInt8]?, end: End = .afterWriting) -> Reaction {
        state = .closed
        code = message.code
        return Reaction(frame: frame, toApp: telling(message), end: end)
    }

    // MARK: The app

    /// The app closes.
    public mutating func appClosed(_ message: CloseMessage, at now: Duration) -> Reaction {
        isAppDone = true
        guard message.code.maySend || message.code == .noneReceived else {
            return close(CloseMessage(.internalError, "the app closed with a code that may not be sent"), at: now)
        }
        return close(message, at: now)
    }

    /// The app's stream is over although it has not closed.
    public mutating func appEnded(at now: Duration) -> Reaction {
        isAppDone = true
        return close(CloseMessage(.internalError), at: now)
    }

    /// The worker has ended.
    public mutating func workerLost(at now: Duration) -> Reaction {
        isAppDone = true
        return close(CloseMessage(.restart, "the worker has ended"), at: now)
    }

    // MARK: The server

    /// The server, or the worker, is to be left.
    public mutating func dismiss(_ message: CloseMessage, at now: Duration) -> Reaction {
        close(message, at: now)
    }

    /// Looks at the time.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - couldAnswer: Whether the last ping has reached the client, and what it says is read. While not, its silence
    ///     says nothing.
    /// - Returns: What is to be done.
    public mutating func tick(at now: Duration, couldAnswer: Bool) -> Reaction {
        switch state {
        case .open:
            if silenceEnds != nil, !couldAnswer { silenceEnds = now + timing.pingTimeout }
            if let end = silenceEnds, now >= end {
                let message = CloseMessage(.internalError, "keepalive ping timeout")
                return finish(CloseMessage(.lost), frame: FrameWriter.control(.close, message.payload))
            }
            guard timing.pingInterval > .zero, now >= nextPing else { return .none }
            nextPing = now + timing.pingInterval
            if timing.pingTimeout > .zero, silenceEnds == nil { silenceEnds = now + timing.pingTimeout }
            return Reaction(frame: FrameWriter.control(.ping))
        case .closing(let end):
            guard now >= end else { return .none }
            state = .closed
            return Reaction(end: .atOnce)
        case .closed:
            return .none
        }
    }

    private mutating func close(_ message: CloseMessage, at now: Duration) -> Reaction {
        guard case .open = state else { return .none }
        state = .closing(until: now + timing.closeTimeout)
        code = message.code
        return Reaction(frame: FrameWriter.control(.close, message.payload), toApp: telling(message))
    }

    private mutating func telling(_ message: CloseMessage) -> CloseMessage? {
        defer { isAppDone = true }
        return isAppDone ? nil : message
    }
}
