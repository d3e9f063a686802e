/// A moment of the wall clock in UTC, taken apart without Foundation and without a time-zone database.
public struct UTCTime: Sendable, Hashable {
    /// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX).
    public var millisecondsSinceEpoch: Int64

    /// Creates the moment of what `clock_gettime(CLOCK_REALTIME)` gave.
    public init(seconds: Int64, nanoseconds: Int64 = 0) {
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, overflow2) = milliseconds.addingReportingOverflow(nanoseconds / 1_000_000)
        millisecondsSinceEpoch = overflow || overflow2 ? 0 : sum
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// RFC 3339 to the millisecond: `2026-11-22T16:20:01.123Z`.
    public var rfc3339: String {
        let civil = civil
        let date = "\(padded: civil.year, to: 4)-\(padded: civil.month, to: 2)-\(padded: civil.day, to: 2)"
        return "\(date)T\(civil.clock).\(padded: civil.millisecond, to: 3)Z"
    }

    /// The time of Apache's common log format, without its brackets: `22/Nov/2026:16:20:01 +0000`.
    public var commonLog: String {
        let civil = civil
        return "\(padded: civil.day, to: 2)/\(Self.months[civil.month - 1])/\(padded: civil.year, to: 4):"
            + "\(civil.clock) +0000"
    }

    private struct Civil {
        var year: Int64
        var month: Int
        var day: Int64
        var secondOfDay: Int64
        var millisecond: Int64

        var clock: String {
            let (hour, minute, second) = (secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60)
            return "\(padded: hour, to: 2):\(padded: minute, to: 2):\(padded: second, to: 2)"
        }
    }

    /// The date in the Gregorian calendar, counted in years that begin in March so that the leap day is the last one.
    ///
    /// After *chrono-Compatible Low-Level Date Algorithms* by Hinnant, `civil_from_days`.
    private var civil: Civil {
        let millisecond = Self.modulo(millisecondsSinceEpoch, 1000)
        let seconds = (millisecondsSinceEpoch - millisecond) / 1000
        let secondOfDay = Self.modulo(seconds, 86_400)
        let days = (seconds - secondOfDay) / 86_400 + 719_468
        let dayOfEra = Self.modulo(days, 146_097)
        let era = (days - dayOfEra) / 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return Civil(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
            month: Int(month),
            day: dayOfYear - (153 * marchMonth + 2) / 5 + 1,
            secondOfDay: secondOfDay,
            millisecond: millisecond
        )
    }

    private static func modulo(_ value: Int64, _ divisor: Int64) -> Int64 {
        let rest = value % divisor
        return rest < 0 ? rest + divisor : rest
    }
}
