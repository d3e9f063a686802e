/// What the queue does when more comes than the workers can do; every part has its reason in the type that applies it.
public struct QueuePolicy: Sendable, Hashable {
    /// The most requests that may wait; requests that run are not counted.
    ///
    /// The default is 100. With an idle thread a request is dispatched even when the limit is 0. A negative limit
    /// counts as 0, one above `greatestLimit` as that.
    public var limit = 100

    /// How long a request may wait, what it waited upstream of us included; then it is refused.
    ///
    /// The default is 30 seconds: load balancers and people give up at about that time. Less than a millisecond counts
    /// as one; a request for which a thread is idle is dispatched even then.
    public var timeout: Duration = .seconds(30)

    /// A boolean value indicating whether a queue that stands is shed by delay (see `DelayControl`).
    ///
    /// The default is true.
    public var isDelayControlled = true

    /// The least queue time that counts as standing; the actual target is the mean service time when that is longer.
    ///
    /// The default is 100 ms. A page of a dashboard brings a dozen callbacks at once: with the 5 ms that is usual
    /// between data centre services, a third of the pages break at 60 % load.
    public var minimumTarget: Duration = .milliseconds(100)

    /// A boolean value indicating whether, when the queue is full, the client with the most waiting gives way
    /// (see `ClientShares`).
    ///
    /// The default is true.
    public var sharesAmongClients = true

    /// The greatest limit that is taken at its word, 2^20.
    public static let greatestLimit = 1 << 20

    /// Creates the default policy.
    public init() {}

    /// Returns the limit for a number of processes and threads: twelve a thread, and at least 100.
    ///
    /// Twelve, because a page load is a burst: a limit of four a thread refuses bursts at 60 % load already.
    public static func defaultLimit(processes: Int, threads: Int) -> Int {
        let (slots, overflow) = max(0, processes).multipliedReportingOverflow(by: max(0, threads))
        guard !overflow, slots <= greatestLimit / 12 else { return greatestLimit }
        return max(100, 12 * slots)
    }
}
