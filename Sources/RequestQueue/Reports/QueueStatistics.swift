/// What has passed through the queue since it was made.
public struct QueueStatistics: Sendable, Hashable {
    /// Requests that were let in, whatever became of them.
    public internal(set) var accepted: UInt64 = 0
    /// Requests that were given to a thread.
    public internal(set) var dispatched: UInt64 = 0
    /// Requests that were taken back from their thread, to be given to another one.
    public internal(set) var returned: UInt64 = 0
    /// Requests whose thread became idle again.
    public internal(set) var finished: UInt64 = 0
    /// Requests whose client left while they waited.
    public internal(set) var left: UInt64 = 0
    /// Requests whose worker was removed while they ran.
    public internal(set) var lost: UInt64 = 0
    /// What is known of the queue times of dispatched requests.
    public internal(set) var waits = WaitStatistics()

    private var refusals = [UInt64](repeating: 0, count: RefusalCause.allCases.count)

    /// Creates statistics of nothing.
    public init() {}

    /// Returns how many requests were refused for a cause.
    public func refused(_ cause: RefusalCause) -> UInt64 {
        refusals[cause.ordinal]
    }

    /// How many requests were refused.
    public var refused: UInt64 {
        refusals.reduce(0, &+)
    }

    mutating func countRefusal(_ cause: RefusalCause) {
        refusals[cause.ordinal] &+= 1
    }
}
