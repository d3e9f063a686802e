internal import WorkerLink

/// How much of one stream of an event loop may be under way in either direction, and what is still to be said about it.
///
/// All streams of a worker share one ring: none may fill it. So the app's `send()` waits when its client reads slowly, and
/// the client's upload when the app does not `receive()`. It decides only; who owns the stream sends.
struct StreamFlow: Sendable, Equatable {
    /// What the app is to be told about its client.
    enum Departure: UInt8, Sendable, Equatable {
        /// The client has closed its side, and may still read the answer.
        case halfClosed
        /// The client has gone.
        case gone

        /// The flags of a ``FrameKind/left`` frame.
        var flags: UInt8 {
            switch self {
            case .halfClosed: FrameHeader.isHalfClosed
            case .gone: 0
            }
        }
    }

    /// Bytes of a response that may be under way: what its client has not taken waits in memory, or in a file.
    static let responseBytes = 2 * SendWindow.initial

    /// What the front may send: the body of the request.
    var sending = SendWindow()
    /// What came from the app and was taken by the client.
    private var receiving = ReceiveWindow(limit: Self.responseBytes)
    /// Bytes that the app may send, and has not been told of.
    private(set) var credit = 0
    /// What the app has not been told about its client.
    private(set) var departure: Departure?
    /// What it has been told, or is to be.
    private var departed: Departure?

    /// Whether there is something to be told to the worker.
    var owes: Bool { credit > 0 || departure != nil }

    /// A frame of the response has come.
    ///
    /// - Throws: ``LinkViolation/creditExceeded`` when there was no credit for it.
    mutating func received(_ payload: Int) throws(LinkViolation) {
        try receiving.received(payload)
    }

    /// The client has taken all that came but for `rest` bytes.
    mutating func took(allBut rest: Int) {
        if let grant = receiving.took(allBut: rest) { credit += grant }
    }

    /// Lets the window from the app grow as far as any: for messages, which the app has whole anyway.
    mutating func letGrow() { receiving.letGrow() }

    /// The client has left, or closed its side: each is told once, and nothing less after the greater.
    mutating func left(_ how: Departure) {
        guard departed != .gone, departed != how else { return }
        departed = how
        departure = how
    }

    /// The worker was told of the credit.
    mutating func credited() { credit = 0 }

    /// The worker was told of the client.
    mutating func told() { departure = nil }
}
