/// Text from strangers made safe for a line of a log or a terminal.
///
/// A client chooses its target and its user agent, an application what it prints. Neither may end a line and begin
/// another one that looks like ours, nor move the cursor, nor turn the direction of writing.
public enum EscapedText {
    /// Bytes from the network: printable ASCII stays, everything else and `"` and `\` become `\xNN`.
    public static func bytes(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        append(bytes, to: &text)
        return text
    }

    /// Appends ``bytes(_:)`` to `text`.
    public static func append(_ bytes: some Sequence<UInt8>, to text: inout String) {
        for byte in bytes {
            switch byte {
            case 0x22, 0x5C, 0..<0x20, 0x7F...: text += "\\x" + hexadecimal(byte, digits: 2)
            default: text.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
    }

    /// Unicode text on one line: letters of every script stay, controls become `\n`, `\r`, `\t` or `\u{…}`.
    public static func line(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            append(scalar, to: &escaped)
        }
        return escaped
    }

    /// Unicode text of several lines, for a terminal: line ends and tabs stay, other controls become `\u{…}`.
    public static func lines(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isUnsafe($0) && $0 != "\n" && $0 != "\t" }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\t" {
                escaped.unicodeScalars.append(scalar)
            } else {
                append(scalar, to: &escaped)
            }
        }
        return escaped
    }

    /// JSON as it is, for a terminal: what a terminal would obey is a `\uXXXX` of JSON instead.
    public static func json(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isUnsafe($0) && $0 != "\n" && $0 != "\t" }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar), scalar != "\n", scalar != "\t" {
                let digits = String(scalar.value, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Unicode text as a value: as it is when it is a single plain word, otherwise in quotes with `"` and `\` escaped.
    public static func value(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let isPlain = !text.isEmpty && !scalars.contains { isUnsafe($0) || " \"\\=".unicodeScalars.contains($0) }
        guard !isPlain else { return text }
        var escaped = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { escaped += "\\" }
            append(scalar, to: &escaped)
        }
        return escaped + "\""
    }

    /// Whether a scalar can end a line, control a terminal, or reorder what is shown (Unicode UAX #9).
    public static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: true
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
        switch scalar {
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        default:
            if isUnsafe(scalar) {
                text += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }
}
