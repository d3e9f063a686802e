/// The queue times of dispatched requests: an exponentially weighted mean, and the least of each second.
///
/// The least is the honest sign of congestion (a burst leaves it at zero); a mean alone hides bursts, so show both,
/// beside a histogram.
public struct WaitStatistics: Sendable, Hashable {
    /// The exponentially weighted mean over about the last hundred requests; zero before the first.
    public private(set) var mean = Nanoseconds.zero

    private static let interval = Nanoseconds.seconds(1)

    private var intervalEnd = Instant(nanoseconds: 0)
    private var current: Nanoseconds?
    private var complete: Nanoseconds?

    /// Creates statistics of nothing.
    public init() {}

    /// Returns the least queue time in the last whole second with requests, or nil when none came of late.
    public func least(at now: Instant) -> Nanoseconds? {
        if now < intervalEnd { return complete }
        return now < intervalEnd + WaitStatistics.interval ? current : nil
    }

    mutating func add(_ waited: Nanoseconds, at now: Instant) {
        if waited >= mean {
            mean = mean + Nanoseconds((waited - mean).count / 64)
        } else {
            mean = mean - Nanoseconds(max((mean - waited).count / 64, 1))
        }
        if now >= intervalEnd || intervalEnd.since(now) > WaitStatistics.interval {
            complete = least(at: now)
            intervalEnd = now + WaitStatistics.interval
            current = waited
        } else {
            current = min(current ?? waited, waited)
        }
    }
}
