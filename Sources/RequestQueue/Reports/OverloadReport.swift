/// How the queue looks at one instant, as far as the log tells of it.
public struct QueueSnapshot: Sendable, Hashable {
    /// How many requests wait.
    public var depth: Int
    /// How many may wait.
    public var limit: Int
    /// How long the oldest of them has waited.
    public var oldestWait: Nanoseconds
    /// How many threads are busy.
    public var busyThreads: Int
    /// How many threads there are.
    public var threads: Int
    /// How many requests finish per second.
    public var completionsPerSecond: Double
    /// How many requests were refused since the start.
    public var refused: UInt64
    /// Whether what runs the requests are event loops, and `threads` how many these may have at once.
    public var runsOnLoops: Bool

    /// Creates a snapshot.
    public init(
        depth: Int,
        limit: Int,
        oldestWait: Nanoseconds,
        busyThreads: Int,
        threads: Int,
        completionsPerSecond: Double,
        refused: UInt64,
        runsOnLoops: Bool = false
    ) {
        self.depth = depth
        self.limit = limit
        self.oldestWait = oldestWait
        self.busyThreads = busyThreads
        self.threads = threads
        self.completionsPerSecond = completionsPerSecond
        self.refused = refused
        self.runsOnLoops = runsOnLoops
    }
}

/// What the log says of a queue; the description is the text of the line.
public enum OverloadReport: Sendable, Hashable, CustomStringConvertible {
    /// Requests wait.
    case standing(QueueSnapshot)
    /// Nobody waits any more.
    ///
    /// `lasted` is from when the first of them began to wait, or was refused, to when the last was seen that did.
    case over(lasted: Nanoseconds, maximumDepth: Int, refused: UInt64)

    /// The line, for instance `queue depth 12 (limit 100), oldest 840 ms, 16 of 16 threads busy, 31 req/s finishing`.
    public var description: String {
        switch self {
        case .standing(let queue) where queue.threads == 0:
            "no worker is ready: queue depth \(queue.depth) (limit \(queue.limit)), "
                + "oldest \(queue.oldestWait.inMilliseconds) ms, \(queue.refused) refused so far"
        case .standing(let queue):
            "queue depth \(queue.depth) (limit \(queue.limit)), oldest \(queue.oldestWait.inMilliseconds) ms, "
                + "\(queue.busyThreads) of \(queue.threads) \(queue.runsOnLoops ? "in flight" : "threads busy"), "
                + "\(OverloadReport.rate(queue.completionsPerSecond)) req/s finishing"
        case .over(let lasted, maximumDepth: 0, let refused):
            "nothing is refused any more: \(refused) refused in \(OverloadReport.tenths(lasted.inSeconds)) s"
        case .over(let lasted, let maximumDepth, let refused):
            "nothing waits in the queue any more: requests did for \(OverloadReport.tenths(lasted.inSeconds)) s, "
                + "depth at most \(maximumDepth), \(refused) refused"
        }
    }

    /// Whole requests per second, with a decimal below ten: 0 must not be said of a slow app that does finish.
    private static func rate(_ value: Double) -> String {
        value > 0 && value < 9.95 ? tenths(value) : whole(value)
    }

    private static func tenths(_ value: Double) -> String {
        let scaled = (min(max(0, value), 1e15) * 10).rounded()
        let tenths = UInt64(scaled)
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func whole(_ value: Double) -> String {
        "\(UInt64(min(max(0, value), 1e15).rounded()))"
    }
}
