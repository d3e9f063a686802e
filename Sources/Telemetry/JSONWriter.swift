/// Writes JSON (RFC 8259) piece by piece into a string.
///
/// It puts the commas; the caller opens and closes what it opens. Text that is not ours is escaped so that the result is
/// one line of ASCII, whatever it holds.
public struct JSONWriter {
    /// What was written so far.
    public private(set) var text = ""

    private var needsComma = false

    /// Creates a writer of nothing.
    public init() {}

    /// Opens an object, as the value of `key` when it stands in an object.
    public mutating func beginObject(_ key: String? = nil) {
        begin(key)
        text += "{"
        needsComma = false
    }

    /// Closes an object.
    public mutating func endObject() {
        text += "}"
        needsComma = true
    }

    /// Opens an array, as the value of `key` when it stands in an object.
    public mutating func beginArray(_ key: String? = nil) {
        begin(key)
        text += "["
        needsComma = false
    }

    /// Closes an array.
    public mutating func endArray() {
        text += "]"
        needsComma = true
    }

    /// Writes a string.
    public mutating func string(_ value: String, _ key: String? = nil) {
        begin(key)
        text += Self.quoted(value)
    }

    /// Writes a whole number, or null.
    public mutating func integer(_ value: (some BinaryInteger)?, _ key: String? = nil) {
        begin(key)
        text += value.map { String($0) } ?? "null"
    }

    /// Writes a number, or null where JSON has none for it (NaN and the infinities).
    public mutating func number(_ value: Double, _ key: String? = nil) {
        begin(key)
        text += value.isFinite ? "\(value)" : "null"
    }

    /// Writes true or false.
    public mutating func boolean(_ value: Bool, _ key: String? = nil) {
        begin(key)
        text += value ? "true" : "false"
    }

    /// Writes nanoseconds as seconds, exactly, or null.
    public mutating func seconds(nanoseconds: UInt64?, _ key: String? = nil) {
        begin(key)
        text += nanoseconds.map { secondsText(nanoseconds: $0) } ?? "null"
    }

    /// Writes nanoseconds as milliseconds to the microsecond, or null.
    public mutating func milliseconds(nanoseconds: UInt64?, _ key: String? = nil) {
        begin(key)
        text += nanoseconds.map { Decimal.text($0, scale: 1_000_000, places: 3) } ?? "null"
    }

    /// Writes JSON that is known to be whole, as it is.
    public mutating func untouched(_ json: String, _ key: String? = nil) {
        begin(key)
        text += json
    }

    private mutating func begin(_ key: String?) {
        if needsComma { text += "," }
        needsComma = true
        if let key { text += Self.quoted(key) + ":" }
    }

    /// `value` as a JSON string with its quotes: one line of ASCII.
    public static func quoted(_ value: String) -> String {
        var quoted = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default:
                for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                    quoted += "\\u" + hexadecimal(unit, digits: 4)
                }
            }
        }
        return quoted + "\""
    }
}

/// `value` in lower-case hexadecimal with leading zeros.
func hexadecimal(_ value: some BinaryInteger, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
