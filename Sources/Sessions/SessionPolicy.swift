public import RequestQueue

/// How many sessions there may be, and how long they last.
public struct SessionPolicy: Sendable, Hashable {
    /// The most sessions that a worker takes; 0 for any number.
    public var seatsPerWorker = 0

    /// How long a browser that opens no WebSocket and sends nothing still counts as there.
    ///
    /// Two minutes: as long as Streamlit keeps the state of a page whose connection broke.
    public var presence = Nanoseconds.seconds(120)

    /// How long after that its worker is remembered, in case it comes back.
    public var memory = Nanoseconds.seconds(3600)

    /// How long one that was given a name and has not used it yet counts a little: a browser uses it at once, and what sends
    /// no cookies never does.
    public var provisional = Nanoseconds.seconds(10)

    /// How many of those weigh as much as one session that is known to be there.
    ///
    /// Browsers send some requests of a page without cookies, such as the one for its manifest: they must not outweigh the
    /// browser itself. Nothing at all would be too little: browsers that come at the same time would all be sent to one worker.
    public var provisionalPerSession = 4

    /// How long its worker is remembered.
    public var newcomer = Nanoseconds.seconds(60)

    /// The most sessions that are remembered, in all; beyond it the least recent is forgotten first.
    public var capacity = 1 << 16

    /// Creates the default.
    public init() {}
}
