/// Dates and times of TOML 1.0 (RFC 3339), which are only told from mistakes here.
enum TOMLTime {
    /// Whether a word is an offset date-time, local date-time, local date or local time.
    static func isValid(_ word: String) -> Bool {
        var rest = word.utf8[...]
        if matches(&rest, "dddd-dd-dd") {
            guard isDate(word.utf8.prefix(10)) else { return false }
            if rest.isEmpty { return true }
            guard let separator = rest.popFirst(), "Tt ".utf8.contains(separator), readTime(&rest) else { return false }
            return rest.isEmpty || readOffset(&rest) && rest.isEmpty
        }
        return readTime(&rest) && rest.isEmpty
    }

    private static func isDate(_ text: Substring.UTF8View) -> Bool {
        let fields = numbers(text, separator: "-")
        let (year, month, day) = (fields[0], fields[1], fields[2])
        let isLeap = year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(month) && (1...lengths[month - 1]).contains(day)
    }

    private static func numbers(_ text: Substring.UTF8View, separator: Unicode.Scalar) -> [Int] {
        text.split(separator: UInt8(ascii: separator)).map { Int(String(decoding: $0, as: UTF8.self)) ?? 99 }
    }

    private static func readOffset(_ rest: inout Substring.UTF8View) -> Bool {
        if matches(&rest, "Z") || matches(&rest, "z") { return true }
        let fields = numbers(rest.dropFirst().prefix(5), separator: ":")
        guard matches(&rest, "+dd:dd") || matches(&rest, "-dd:dd") else { return false }
        return fields[0] < 24 && fields[1] < 60
    }

    private static func readTime(_ rest: inout Substring.UTF8View) -> Bool {
        let fields = numbers(rest.prefix(8), separator: ":")
        guard matches(&rest, "dd:dd:dd"), fields[0] < 24, fields[1] < 60, fields[2] <= 60 else { return false }
        guard rest.first == UInt8(ascii: ".") else { return true }
        let fraction = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest.dropFirst(1 + fraction.count)
        return !fraction.isEmpty
    }

    /// Passes a pattern in which `d` is a digit, or leaves everything as it is.
    private static func matches(_ rest: inout Substring.UTF8View, _ pattern: StaticString) -> Bool {
        let pattern = pattern.withUTF8Buffer { Array($0) }
        guard rest.count >= pattern.count else { return false }
        for (byte, expected) in zip(rest, pattern) {
            let isRight =
                expected == UInt8(ascii: "d")
                ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == expected
            guard isRight else { return false }
        }
        rest = rest.dropFirst(pattern.count)
        return true
    }
}
