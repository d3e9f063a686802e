internal import Glibc
internal import RequestQueue

/// The clocks of the front.
///
/// Some 25 ns a reading.
enum MonotonicClock {
    /// CLOCK_MONOTONIC: the one clock that workers read too.
    @inline(__always)
    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(
            nanoseconds: UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000
                &+ UInt64(truncatingIfNeeded: time.tv_nsec)
        )
    }

    /// Microseconds since 1970, by the clock that may step: only to compare with what other machines say.
    static func wallMicroseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
