/// The time at which a proxy in front took a request, as `X-Request-Start` and `X-Queue-Start` tell it.
///
/// There is no standard; the unit shows by the magnitude, which is unambiguous until the year 5138:
///
///     nginx     t=${msec}           seconds with a fraction
///     Heroku    milliseconds        an integer of 13 digits
///     HAProxy   t=…                 microseconds, 16 digits; nanoseconds, 19 digits, elsewhere
public enum XRequestStart {
    /// The longest wait that is believed, in microseconds: 60 s.
    public static let longestWait: Int64 = 60_000_000

    /// Returns how long a request waited upstream, in microseconds, from 0 to ``longestWait``.
    ///
    /// Clocks differ between hosts, and jump: a start in the future is no wait, and one longer ago than any proxy waits
    /// says that one of the clocks is wrong. It is passed over: believed, it would refuse every request.
    ///
    /// - Parameters:
    ///   - value: the field's value; it is to be believed from a trusted proxy only.
    ///   - now: the wall clock now, in microseconds since 1970.
    /// - Returns: nil where the value is no time after September 2001, or longer ago than ``longestWait``.
    public static func upstreamWait(value: UnsafeRawBufferPointer, now: Int64) -> Int64? {
        guard let start = start(value) else { return nil }
        let (wait, overflow) = now.subtractingReportingOverflow(start)
        return overflow || wait > longestWait ? nil : max(wait, 0)
    }

    /// The start in microseconds since 1970.
    private static func start(_ value: UnsafeRawBufferPointer) -> Int64? {
        var cursor = 0
        if value.count > 2, value[0] | 0x20 == 0x74, value[1] == .equals { cursor = 2 }  // "t="
        var whole: Int64 = 0
        let firstDigit = cursor
        while cursor < value.count, let digit = value[cursor].decimalValue {
            guard cursor - firstDigit < 19 else { return nil }
            let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(digit))
            guard !overflow, !carry else { return nil }
            whole = sum
            cursor += 1
        }
        guard cursor > firstDigit else { return nil }
        var millionths: Int64 = 0
        var place: Int64 = 100_000
        if cursor < value.count, value[cursor] == .dot {
            cursor += 1
            while cursor < value.count, let digit = value[cursor].decimalValue {
                millionths += Int64(digit) * place
                place /= 10
                cursor += 1
            }
        }
        guard cursor == value.count else { return nil }
        switch whole {
        case 1_000_000_000..<100_000_000_000:
            return whole * 1_000_000 + millionths
        case 1_000_000_000_000..<100_000_000_000_000:
            return whole * 1_000 + millionths / 1_000
        case 1_000_000_000_000_000..<100_000_000_000_000_000:
            return whole
        case 1_000_000_000_000_000_000...:
            return whole / 1_000
        default:
            return nil
        }
    }
}
