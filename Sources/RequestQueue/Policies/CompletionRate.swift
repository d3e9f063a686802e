/// How many requests finish per second, over the last ten seconds.
///
/// Counted in ten buckets of a second, not as an exponential mean: it is exactly zero ten seconds after the last
/// completion, and no logarithm is needed.
public struct CompletionRate: Sendable, Hashable {
    private static let buckets: UInt64 = 10
    private static let bucketLength: UInt64 = 1_000_000_000

    private var counts = [UInt32](repeating: 0, count: Int(CompletionRate.buckets))
    /// The number of the bucket that is being filled: whole seconds of the clock.
    private var current: UInt64 = 0
    private var total: UInt64 = 0
    private var firstAt: Instant?

    /// Creates the rate of a server where nothing finished yet.
    public init() {}

    /// Counts one request that finished.
    public mutating func add(at now: Instant) {
        let bucket = now.nanoseconds / CompletionRate.bucketLength
        if firstAt == nil {
            firstAt = now
            current = bucket
        }
        advance(to: bucket)
        let place = Int(current % CompletionRate.buckets)
        guard counts[place] < .max else { return }
        counts[place] += 1
        total += 1
    }

    /// Returns the completions per second.
    public func perSecond(at now: Instant) -> Double {
        guard let firstAt else { return 0 }
        let bucket = now.nanoseconds / CompletionRate.bucketLength
        var counted = total
        if bucket > current {
            // The buckets that `advance(to:)` would have emptied by now.
            for step in 1...min(bucket - current, CompletionRate.buckets) {
                counted -= UInt64(counts[Int((current &+ step) % CompletionRate.buckets)])
            }
        }
        // Nine whole buckets and the part of the tenth that has passed; less in the first seconds, but at least one,
        // lest two quick answers pass for thousands.
        let covered = Nanoseconds(
            (CompletionRate.buckets - 1) * CompletionRate.bucketLength
                + now.nanoseconds % CompletionRate.bucketLength
        )
        let observed = max(min(covered, now.since(firstAt)), Nanoseconds(CompletionRate.bucketLength))
        return Double(counted) / observed.inSeconds
    }

    /// Empties the buckets up to `bucket`; does nothing when the clock went backwards.
    private mutating func advance(to bucket: UInt64) {
        guard bucket > current else { return }
        for step in 1...min(bucket - current, CompletionRate.buckets) {
            let place = Int((current &+ step) % CompletionRate.buckets)
            total -= UInt64(counts[place])
            counts[place] = 0
        }
        current = bucket
    }
}
