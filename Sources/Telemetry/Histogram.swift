/// The distribution of a time: exact cumulative counts for Prometheus, and quantiles to within an eighth.
///
/// A value owned by whoever records into it (the front's loop); a copy is a snapshot. Recording is O(1) and allocates
/// nothing, except once after a copy was taken, when the counts are made unique again.
///
/// Two sets of counts are kept. The *fine* one is log-linear, eight buckets to each doubling, as in HdrHistogram:
///
///     nanoseconds   0 1 … 15 │ 16 … 31 in 8 steps of 2 │ 32 … 63 in 8 steps of 4 │ …  up to 2^64
///     index         0 1 … 15 │ 16 … 23                 │ 24 … 31                 │ …  495
///
/// The *coarse* one has the bounds that Prometheus sees; it is counted exactly, not derived from the fine one.
public struct Histogram: Sendable, Equatable {
    /// The upper bounds that Prometheus sees, inclusive, in nanoseconds, ascending: 0.5 ms to 60 s.
    public static let boundsNanoseconds: [UInt64] = [
        500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000,
        500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000, 30_000_000_000, 60_000_000_000,
    ]

    /// ``boundsNanoseconds`` in seconds, as the `le` label has them.
    static let boundLabels = [
        "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10",
        "30", "60",
    ]

    static let fineBucketCount = 496

    /// For each fine bucket, the coarse bucket of its lowest value: at most one bound lies inside a fine bucket, so
    /// one comparison more finds the coarse bucket of any value.
    private static let coarseStart: [UInt8] = (0..<fineBucketCount).map { fine in
        let lowest = fineBucketLowerBound(fine)
        return UInt8(clamping: boundsNanoseconds.firstIndex { lowest <= $0 } ?? boundsNanoseconds.count)
    }

    private var fine: [UInt64]
    private var coarse: [UInt64]
    // Kept per value, so that recording does not go through the lazy initialiser of a global each time.
    private let start: [UInt8]
    private let bounds: [UInt64]

    /// How many values were recorded.
    public private(set) var count: UInt64 = 0

    /// The sum of all values in nanoseconds; it stays at the largest number when it would overflow (584 years).
    public private(set) var sumNanoseconds: UInt64 = 0

    /// The largest value recorded, 0 when there is none.
    public private(set) var maximumNanoseconds: UInt64 = 0

    /// Creates an empty histogram of about 4 kB.
    public init() {
        fine = [UInt64](repeating: 0, count: Self.fineBucketCount)
        coarse = [UInt64](repeating: 0, count: Self.boundsNanoseconds.count + 1)
        start = Self.coarseStart
        bounds = Self.boundsNanoseconds
    }

    /// Counts one value.
    public mutating func record(nanoseconds: UInt64) {
        let index = Self.fineBucket(of: nanoseconds)
        fine[index] &+= 1
        var bucket = Int(start[index])
        if bucket < bounds.count, nanoseconds > bounds[bucket] { bucket += 1 }
        coarse[bucket] &+= 1
        count &+= 1
        let (sum, overflow) = sumNanoseconds.addingReportingOverflow(nanoseconds)
        sumNanoseconds = overflow ? .max : sum
        if nanoseconds > maximumNanoseconds { maximumNanoseconds = nanoseconds }
    }

    /// How many values were at most each of ``boundsNanoseconds``, and last how many there are in all.
    ///
    /// - Complexity: O(number of bounds).
    public var cumulativeCounts: [UInt64] {
        var total: UInt64 = 0
        return coarse.map { bucket in
            total &+= bucket
            return total
        }
    }

    /// An estimate of the value that the share `quantile` (0 to 1) of all values does not exceed; nil when empty.
    ///
    /// It lies in the same fine bucket as the exact answer, so it is off by less than an eighth of it, and it is
    /// never above ``maximumNanoseconds``.
    ///
    /// - Complexity: O(number of fine buckets).
    public func quantile(_ quantile: Double) -> UInt64? {
        guard count > 0 else { return nil }
        let share = quantile.isNaN ? 0 : min(max(quantile, 0), 1)
        let rank = max(1, (share * Double(count)).rounded(.up))
        var seen: UInt64 = 0
        for (index, bucket) in fine.enumerated() where bucket > 0 {
            let before = Double(seen)
            seen &+= bucket
            guard Double(seen) >= rank else { continue }
            let lower = Self.fineBucketLowerBound(index)
            let width = Self.fineBucketWidth(index)
            let inside = (Double(width) * (rank - before) / Double(bucket)).rounded(.down)
            let offset = inside < Double(width) ? UInt64(max(0, inside)) : width - 1
            return min(lower + offset, maximumNanoseconds)
        }
        return maximumNanoseconds
    }

    static func fineBucket(of nanoseconds: UInt64) -> Int {
        guard nanoseconds >= 16 else { return Int(truncatingIfNeeded: nanoseconds) }
        let shift = 60 &- nanoseconds.leadingZeroBitCount
        return (shift &<< 3) &+ Int(truncatingIfNeeded: nanoseconds &>> UInt64(truncatingIfNeeded: shift))
    }

    static func fineBucketLowerBound(_ index: Int) -> UInt64 {
        guard index >= 16 else { return UInt64(index) }
        let shift = index / 8 - 1
        return UInt64(index - shift * 8) << UInt64(shift)
    }

    static func fineBucketWidth(_ index: Int) -> UInt64 {
        index < 16 ? 1 : 1 << UInt64(index / 8 - 1)
    }
}
