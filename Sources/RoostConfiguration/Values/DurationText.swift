/// Durations as configuration writes them: `30`, `30s`, `500ms`, `1.5s`, `2m`, `1h`.
///
/// A bare number is seconds.
enum DurationText {
    /// The duration a text stands for.
    ///
    /// - Throws: `ValueError` for anything but a decimal number of at most six decimals and one of the units.
    static func parse(_ text: String) throws(ValueError) -> Duration {
        let (number, unit) = splitQuantity(text)
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard let nanosecondsPerUnit = nanoseconds[unit], parts.count <= 2, let whole = Int64(parts.first ?? ""),
            let fraction = fractionInMillionths(parts.count == 2 ? parts[1] : "0")
        else {
            throw ValueError("'\(text)' is not a duration", suggestion: "30, 30s, 500ms, 2m or 1h")
        }
        let (product, overflows) = whole.multipliedReportingOverflow(by: nanosecondsPerUnit)
        let (total, overflowsToo) = product.addingReportingOverflow(fraction * (nanosecondsPerUnit / 1_000_000))
        guard !overflows, !overflowsToo else {
            throw ValueError("'\(text)' is longer than this machine can count")
        }
        return .nanoseconds(total)
    }

    /// The duration in the largest unit that keeps it whole, such as `75s`, `2m` or `500ms`; `parse` reads it back.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if attoseconds != 0 {
            let microseconds = attoseconds / 1_000_000_000_000
            if microseconds.isMultiple(of: 1_000) {
                let (milliseconds, overflows) = seconds.multipliedReportingOverflow(by: 1_000)
                if !overflows { return "\(milliseconds + microseconds / 1_000)ms" }
            }
            let digits = String(microseconds)
            return "\(seconds)." + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + "s"
        }
        if seconds >= 3_600, seconds.isMultiple(of: 3_600) { return "\(seconds / 3_600)h" }
        if seconds >= 120, seconds.isMultiple(of: 60) { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }

    /// The duration in seconds, for JSON.
    static func seconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    private static let nanoseconds: [String: Int64] = [
        "": 1_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000,
    ]

    private static func fractionInMillionths(_ digits: Substring) -> Int64? {
        guard (1...6).contains(digits.count) else { return nil }
        return Int64(digits + String(repeating: "0", count: 6 - digits.count))
    }
}
