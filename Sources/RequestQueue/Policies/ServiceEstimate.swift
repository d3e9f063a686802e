/// What a request costs a thread, estimated from those that finished: a mean and a median in constant space.
///
/// The mean is the delay target's yardstick (a queue time below one service time is no congestion); the median says
/// whether a waiting request can still be answered before its deadline. Both know nothing until something finished.
public struct ServiceEstimate: Sendable, Hashable {
    private var meanCount: UInt64 = 0
    private var medianCount: UInt64 = 0
    private var samples: UInt64 = 0

    /// One of 64: the mean remembers about the last hundred requests, under a second of a busy server.
    private static let weight: UInt64 = 64

    /// One sample counts at most this many times the mean (or 100 ms).
    ///
    /// Otherwise one long download would make the server believe for minutes that a long queue is normal. A true
    /// slowdown still arrives within some tens of requests.
    private static let outlier: UInt64 = 16

    /// Creates an estimate that knows nothing.
    public init() {}

    /// The exponentially weighted mean, or nil before anything finished.
    public var mean: Nanoseconds? {
        samples == 0 ? nil : Nanoseconds(meanCount)
    }

    /// The approximate median: within about 1/32 once it has arrived, or nil before anything finished.
    public var median: Nanoseconds? {
        samples == 0 ? nil : Nanoseconds(medianCount)
    }

    /// Takes the service time of one finished request into account.
    public mutating func add(_ service: Nanoseconds) {
        guard samples > 0 else {
            meanCount = service.count
            medianCount = service.count
            samples = 1
            return
        }
        let bound = Nanoseconds(max(meanCount, 100_000_000)) * ServiceEstimate.outlier
        let sample = min(service.count, bound.count)
        // The first samples weigh like a plain mean, so that the very first one is not remembered for long.
        samples = min(samples + 1, ServiceEstimate.weight)
        if sample >= meanCount {
            let (sum, overflow) = meanCount.addingReportingOverflow((sample - meanCount) / samples)
            meanCount = overflow ? .max : sum
        } else {
            meanCount -= (meanCount - sample) / samples
        }
        // A step of 1/32 up or down, whichever way the sample lies: it rests where both are equally frequent.
        let step = max(medianCount / 32, 1_000)
        if service.count > medianCount {
            medianCount = min(service.count, (Nanoseconds(medianCount) + Nanoseconds(step)).count)
        } else if service.count < medianCount {
            medianCount = max(service.count, (Nanoseconds(medianCount) - Nanoseconds(step)).count)
        }
    }
}
