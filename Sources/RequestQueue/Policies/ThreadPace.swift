/// How long a worker takes for a request while its threads share one GIL: the service time divided by the threads that
/// were busy.
///
/// Eight threads that compute take eight times as long each, and the pace says so; one that waits for a database takes as
/// long alone as with seven beside it. That tells whether laying requests ready behind a busy thread costs anything: with
/// all on one thread, the first kind's pace stays, and the second kind's rises to the service time.
public struct ThreadPace: Sendable, Hashable {
    private var count: UInt64 = 0

    /// One of 64: under a second of a busy server.
    private static let weight: UInt64 = 64
    /// One sample counts at most this much: a slow request ends the quick times at once, and is forgotten soon.
    private static let most = Nanoseconds.milliseconds(20)

    /// Creates a pace that knows nothing.
    public init() {}

    /// The exponentially weighted mean; nil before anything finished.
    public var mean: Nanoseconds? { count == 0 ? nil : Nanoseconds(count) }

    /// Takes a finished request into account.
    public mutating func add(_ service: Nanoseconds, busyThreads: Int) {
        let sample = max(1, min(service.count, Self.most.count) / UInt64(max(1, busyThreads)))
        guard count > 0 else {
            count = sample
            return
        }
        count = count - count / Self.weight + sample / Self.weight
        count = max(count, 1)
    }
}
