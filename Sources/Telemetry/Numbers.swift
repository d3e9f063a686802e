// Numbers as text, without Foundation.

/// `value` with `places` digits behind the point, rounded half up: `Decimal.text(1_234_567, scale: 1_000_000, places: 2)`
/// is `1.23`.
enum Decimal {
    static func text(_ value: UInt64, scale: UInt64, places: Int) -> String {
        var unit: UInt64 = 1
        for _ in 0..<places { unit *= 10 }
        let step = max(1, scale / unit)
        let (padded, overflow) = value.addingReportingOverflow(step / 2)
        let steps = (overflow ? value : padded) / step
        guard places > 0 else { return String(steps) }
        return "\(steps / unit).\(padded: steps % unit, to: places)"
    }
}

extension DefaultStringInterpolation {
    /// A number filled up with zeros on the left.
    mutating func appendInterpolation(padded number: some BinaryInteger, to width: Int) {
        let digits = String(number)
        for _ in 0..<max(0, width - digits.utf8.count) { appendLiteral("0") }
        appendLiteral(digits)
    }
}

extension Duration {
    /// In nanoseconds, negative ones as 0, too large ones as the largest number.
    public var clampedNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow2) = whole.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return overflow || overflow2 ? .max : sum
    }

    /// In seconds with three digits behind the point, as metrics and JSON have it; negative ones as 0.
    var secondsText: String {
        Decimal.text(clampedNanoseconds, scale: 1_000_000_000, places: 3)
    }
}

/// Nanoseconds in seconds, with all nine digits: exact, and never in exponent form.
func secondsText(nanoseconds: UInt64) -> String {
    Decimal.text(nanoseconds, scale: 1_000_000_000, places: 9)
}
