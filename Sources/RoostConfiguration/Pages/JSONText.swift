/// JSON (RFC 8259) written by hand, for the one object this module prints.
enum JSONText {
    /// A text in quotes.
    static func string(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// A number, without a fraction when it is whole.
    static func number(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? String(number)
    }

    /// An object of members whose values are JSON already.
    static func object(
        _ members: [(name: String, value: String)],
        separator: String = ", ",
        opening: String = "{",
        closing: String = "}"
    ) -> String {
        opening + members.map { "\(string($0.name)): \($0.value)" }.joined(separator: separator) + closing
    }
}
