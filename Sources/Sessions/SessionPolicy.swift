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

    /// How long one counts that was given a name and has not used it yet: a browser uses it at once, what keeps no cookies
    /// never.
    public var newcomer = Nanoseconds.seconds(60)

    /// The most sessions that are remembered, in all; beyond it the least recent is forgotten first.
    public var capacity = 1 << 16

    /// Creates the default.
    public init() {}
}
