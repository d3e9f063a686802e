internal import CPython
internal import WorkerLink

/// One request or WebSocket of an event loop: what the application has said and may say, what it has received.
///
/// Guarded by the GIL. Lives while the application runs or its answer goes out.
// @unchecked: see above.
final class AppStream: @unchecked Sendable {
    /// Where the answer to a request stands, or to a handshake that is refused.
    enum AnswerPhase {
        /// `http.response.start` has not been sent. → `headReady`, `complete`
        case unanswered
        /// The head waits for the first part of the body, to go with it. → `headSent`, `complete`
        case headReady
        /// The front has the head. → `trailing`, `complete`
        case headSent
        /// The body is complete, and trailer fields are to come. → `complete`
        case trailing
        /// The last part was given. It may still be on its way.
        case complete
    }

    /// Where a WebSocket stands.
    enum SocketPhase {
        /// The application has not received `websocket.connect`. → `connecting`, `open`, `denied`, `lost`
        case requested
        /// It has to accept or close. → `open`, `denied`, `lost`
        case connecting
        /// Messages go both ways. → `closed`, `lost`
        case open
        /// It was refused: what follows is an ordinary answer.
        case denied
        /// The application has closed it.
        case closed(CloseEnvelope)
        /// The client has closed it, or is gone.
        case lost(CloseEnvelope)
    }

    /// What the client still does.
    enum Departure {
        case none
        /// It sends nothing more, and reads. → `left`
        case halfClosed
        /// It is gone.
        case left
    }

    /// What is given and did not go out yet, for want of credit.
    struct Pending {
        enum Source {
            /// A `bytes`, owned.
            case bytes(PythonObject)
            /// A descriptor, owned.
            case file(Int32)
        }
        let source: Source
        /// Where the rest begins.
        var position: Int
        /// Where it ends.
        let end: Int
        /// Whether it ends the answer.
        let isLast: Bool
        /// Whether it is a WebSocket's message, of text.
        var isText = false
    }

    let id: UInt64
    let isSocket: Bool
    let isHeadRequest: Bool
    /// Whether its client takes trailer fields.
    let takesTrailers: Bool
    /// When it came, CLOCK_MONOTONIC.
    let takenAt: UInt64
    /// The `str` of its id.
    ///
    /// Owned.
    let requestID: PythonObject

    var phase = AnswerPhase.unanswered
    var socket = SocketPhase.requested
    /// Whether the application has received `websocket.connect`, which comes first, whatever became of the client.
    var wasConnected = false
    /// Whether the application has accepted the WebSocket, whatever became of it.
    var wasAccepted = false
    var departure = Departure.none

    var body = IncomingBody()
    var messages = IncomingMessages()

    /// The head that the application gave, in its wire form, while it waits.
    var head: [UInt8] = []
    var contentLength: UInt64?
    /// Whether no body goes out, whatever the application gives.
    var isBodiless = false
    /// Whether the status itself forbids a body.
    var forbidsBody = false
    var sentBytes: UInt64 = 0
    var overran = false
    /// Whether the application has trailer fields to give behind the body.
    var hasTrailers = false
    /// Whether these reach the client: it has asked for them, and the body has no length.
    var sendsTrailers = false
    /// Those given so far, in their wire form.
    var trailers: [UInt8] = []
    var window = SendWindow()
    var pending: Pending?
    /// Whether the front was told that nothing more comes on the stream.
    var isEnded = false

    /// Whether a `receive()` waits.
    var hasReaders = false
    /// Whether a `send()` waits.
    var hasWriters = false
    /// Whether the application has returned.
    var isReturned = false
    /// Whether the front has had it interrupted.
    var isInterrupted = false

    /// Creates the state of a stream that has just come.
    ///
    /// `requestID` is given up by the caller.
    init(
        id: UInt64,
        isSocket: Bool,
        isHeadRequest: Bool,
        takesTrailers: Bool,
        takenAt: UInt64,
        requestID: PythonObject
    ) {
        self.id = id
        self.isSocket = isSocket
        self.isHeadRequest = isHeadRequest
        self.takesTrailers = takesTrailers
        self.takenAt = takenAt
        self.requestID = requestID
    }

    // The last reference goes under the GIL: all are the loop's.
    deinit {
        dropPending()
        body.drop()
        messages.drop()
        Py_DecRef(requestID)
    }

    /// Forgets what did not go out.
    func dropPending() {
        guard let dropped = pending else { return }
        pending = nil
        dropped.release()
    }
}
