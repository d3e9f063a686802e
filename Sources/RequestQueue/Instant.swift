/// A reading of the owner's monotonic clock.
///
/// The queue never reads a clock: its owner passes one in, which is how the simulator runs the server's own queue. A
/// clock that steps backwards makes waits zero, never huge, and never traps.
public struct Instant: Sendable, Hashable, Comparable {
    /// Nanoseconds since an arbitrary start, for instance the boot of the machine.
    public var nanoseconds: UInt64

    /// Creates the instant `nanoseconds` after the clock's start.
    @inlinable
    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// An instant that no clock reaches: 584 years after its start.
    public static let distantFuture = Instant(nanoseconds: .max)

    /// Returns whether `left` comes first.
    @inlinable
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Returns the time from `earlier` to this instant, zero when `earlier` is in fact later.
    @inlinable
    public func since(_ earlier: Instant) -> Nanoseconds {
        Nanoseconds(nanoseconds) - Nanoseconds(earlier.nanoseconds)
    }

    /// Returns the instant that comes `interval` after `instant`, at most the distant future.
    @inlinable
    public static func + (instant: Instant, interval: Nanoseconds) -> Instant {
        Instant(nanoseconds: (Nanoseconds(instant.nanoseconds) + interval).count)
    }
}
