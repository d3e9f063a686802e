/// A point in time as the 29 bytes of a Date field, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7).
///
/// The bytes are kept inline: copying a date allocates and counts nothing. The owner makes one a second.
public struct HTTPDate: Sendable, Equatable {
    /// The number of bytes of every date.
    public static let byteCount = 29

    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Creates the date of a Unix time; times before 1970 and after 9999 are brought to those bounds.
    public init(secondsSince1970: Int) {
        let seconds = min(max(secondsSince1970, 0), 253_402_300_799)
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let (year, month, day) = Self.civil(daysSince1970: days)
        let weekdays: StaticString = "ThuFriSatSunMonTueWed"
        let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
        withUnsafeMutableBytes(of: &words) { bytes in
            func put(_ text: StaticString, from start: Int, count: Int, at offset: Int) {
                for index in 0..<count { bytes[offset + index] = text.utf8Start[start + index] }
            }
            func put(_ number: Int, digits: Int, at offset: Int) {
                var number = number
                for index in stride(from: digits - 1, through: 0, by: -1) {
                    bytes[offset + index] = .zero + UInt8(number % 10)
                    number /= 10
                }
            }
            put("Thu, 01 Jan 1970 00:00:00 GMT", from: 0, count: Self.byteCount, at: 0)
            put(weekdays, from: days % 7 * 3, count: 3, at: 0)
            put(day, digits: 2, at: 5)
            put(months, from: (month - 1) * 3, count: 3, at: 8)
            put(year, digits: 4, at: 12)
            put(rest / 3_600, digits: 2, at: 17)
            put(rest / 60 % 60, digits: 2, at: 20)
            put(rest % 60, digits: 2, at: 23)
        }
    }

    /// Calls `body` with the 29 bytes.
    @inline(__always)
    public func withBytes<Result>(_ body: (_ bytes: UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: words) { body(UnsafeRawBufferPointer(rebasing: $0[..<Self.byteCount])) }
    }

    /// Returns whether both are the same second.
    public static func == (left: HTTPDate, right: HTTPDate) -> Bool { left.words == right.words }

    /// The Gregorian date of a day, by eras of 400 years that begin in March so that the leap day comes last.
    private static func civil(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = daysSince1970 + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension HTTPDate: CustomStringConvertible {
    /// The date as text.
    public var description: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
