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

/// The value of `Date`, made anew at most once a second.
///
/// Confined to the front's loop.
struct DateField {
    private(set) var bytes: [UInt8] = []
    private var second: time_t = -1

    /// Brings ``bytes`` up to date: `Sun, 06 Nov 1994 08:49:37 GMT`, RFC 9110 §5.6.7.
    mutating func update() {
        var now: time_t = 0
        time(&now)
        guard now != second else { return }
        second = now
        var parts = tm()
        gmtime_r(&now, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let text =
            "\(days[Int(parts.tm_wday) % 7]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon) % 12]) "
            + "\(1900 + Int(parts.tm_year)) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
        bytes = Array(text.utf8)
    }
}
