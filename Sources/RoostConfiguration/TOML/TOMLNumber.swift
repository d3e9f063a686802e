/// Numbers of TOML 1.0: underscores between digits only, no leading zeros, three prefixes, and infinities.
enum TOMLNumber {
    /// The number a word stands for, or `nil` when it is none or does not fit 64 bits.
    static func parse(_ word: String) -> TOMLValue? {
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
            guard let digits = withoutUnderscores(word.dropFirst(2), between: \.isHexDigit), !digits.hasPrefix("-"),
                !digits.hasPrefix("+")
            else { return nil }
            return Int(digits, radix: radix).map(TOMLValue.integer)
        }
        let isNegative = word.hasPrefix("-")
        let unsigned = isNegative || word.hasPrefix("+") ? word.dropFirst() : word[...]
        if unsigned == "inf" { return .float(isNegative ? -.infinity : .infinity) }
        if unsigned == "nan" { return .float(.nan) }
        guard let digits = withoutUnderscores(unsigned, between: isDigit) else { return nil }
        let whole = digits.prefix { isDigit($0) }
        guard !whole.isEmpty, whole.count == 1 || whole.first != "0" else { return nil }
        var rest = digits.dropFirst(whole.count)
        let sign = isNegative ? "-" : ""
        if rest.isEmpty { return Int(sign + digits).map(TOMLValue.integer) }
        if rest.first == "." {
            let fraction = rest.dropFirst().prefix { isDigit($0) }
            guard !fraction.isEmpty else { return nil }
            rest = rest.dropFirst(1 + fraction.count)
        }
        if rest.first == "e" || rest.first == "E" {
            rest = rest.dropFirst()
            if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
            let exponent = rest.prefix { isDigit($0) }
            guard !exponent.isEmpty else { return nil }
            rest = rest.dropFirst(exponent.count)
        }
        guard rest.isEmpty else { return nil }
        return Double(sign + digits).map(TOMLValue.float)
    }

    /// The word without its underscores, or `nil` when one does not stand between two digits.
    private static func withoutUnderscores(
        _ word: Substring,
        between isAllowed: (_ letter: Character) -> Bool
    ) -> String? {
        let letters = Array(word)
        for (index, letter) in letters.enumerated() where letter == "_" {
            guard index > 0, index + 1 < letters.count, isAllowed(letters[index - 1]), isAllowed(letters[index + 1])
            else { return nil }
        }
        return String(letters.filter { $0 != "_" })
    }

    private static func isDigit(_ letter: Character) -> Bool {
        ("0"..."9").contains(letter)
    }
}
