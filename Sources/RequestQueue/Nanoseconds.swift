/// A length of time in whole nanoseconds, never negative.
///
/// The queue counts in these on its hot path: `Duration` is 128 bits of attoseconds, and turning one into nanoseconds
/// costs a division. All arithmetic saturates, so that no time that a clock, a header or a configuration file says can
/// trap.
public struct Nanoseconds: Sendable, Hashable, Comparable {
    /// The number of nanoseconds.
    public var count: UInt64

    /// Creates a length of `count` nanoseconds.
    @inlinable
    public init(_ count: UInt64) {
        self.count = count
    }

    /// Creates the length of `duration`, rounded down; a negative one is zero and one above 584 years is the maximum.
    public init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else {
            self = .zero
            return
        }
        self = Nanoseconds.seconds(UInt64(seconds)) + Nanoseconds(UInt64(attoseconds) / 1_000_000_000)
    }

    /// No time at all.
    public static let zero = Nanoseconds(0)

    /// The longest time that can be told, 584 years.
    public static let maximum = Nanoseconds(.max)

    /// Returns `count` milliseconds, at most the maximum.
    public static func milliseconds(_ count: UInt64) -> Nanoseconds {
        Nanoseconds(1_000_000) * count
    }

    /// Returns `count` seconds, at most the maximum.
    public static func seconds(_ count: UInt64) -> Nanoseconds {
        Nanoseconds(1_000_000_000) * count
    }

    /// The same length as a `Duration`.
    public var duration: Duration {
        .seconds(Int64(count / 1_000_000_000)) + .nanoseconds(Int64(count % 1_000_000_000))
    }

    /// The length in seconds, for rates, metrics and people.
    public var inSeconds: Double {
        Double(count) / 1e9
    }

    /// The whole milliseconds in it, for people.
    public var inMilliseconds: UInt64 {
        count / 1_000_000
    }

    /// Returns whether `left` is shorter.
    @inlinable
    public static func < (left: Nanoseconds, right: Nanoseconds) -> Bool {
        left.count < right.count
    }

    /// Returns the sum, at most the maximum.
    @inlinable
    public static func + (left: Nanoseconds, right: Nanoseconds) -> Nanoseconds {
        let (sum, overflow) = left.count.addingReportingOverflow(right.count)
        return overflow ? Nanoseconds(.max) : Nanoseconds(sum)
    }

    /// Returns the difference, at least zero.
    @inlinable
    public static func - (left: Nanoseconds, right: Nanoseconds) -> Nanoseconds {
        left.count > right.count ? Nanoseconds(left.count &- right.count) : Nanoseconds(0)
    }

    /// Returns the product, at most the maximum.
    @inlinable
    public static func * (left: Nanoseconds, right: UInt64) -> Nanoseconds {
        let (product, overflow) = left.count.multipliedReportingOverflow(by: right)
        return overflow ? Nanoseconds(.max) : Nanoseconds(product)
    }
}
