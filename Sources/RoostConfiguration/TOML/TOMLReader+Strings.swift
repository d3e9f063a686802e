extension TOMLReader {
    /// Reads `"…"` on one line, with escapes.
    mutating func readBasicString() throws(TOMLError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                position += 1
                text += try readEscape()
            default:
                text.append(try readCharacter(byte))
            }
        }
        throw failure("a string without its closing quote")
    }

    /// Reads `'…'` on one line, without escapes.
    mutating func readLiteralString() throws(TOMLError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            if byte == UInt8(ascii: "'") {
                position += 1
                return String(decoding: text, as: UTF8.self)
            }
            text.append(try readCharacter(byte))
        }
        throw failure("a string without its closing quote")
    }

    /// Reads `"""…"""`, or `'''…'''` when raw; a line break right after the opening is dropped.
    mutating func readLongString(raw isRaw: Bool) throws(TOMLError) -> String {
        let quote = isRaw ? UInt8(ascii: "'") : UInt8(ascii: "\"")
        position += 3
        _ = skipLineBreak()
        var text: [UInt8] = []
        while let byte = next {
            if byte == quote, self.byte(ahead: 1) == quote, self.byte(ahead: 2) == quote {
                position += 3
                // One or two quotes may stand right before the closing ones.
                for _ in 0..<2 where skip(quote) { text.append(quote) }
                return String(decoding: text, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\"), !isRaw {
                position += 1
                if !skipFoldedLines() { text += try readEscape() }
            } else if skipLineBreak() {
                text.append(UInt8(ascii: "\n"))
            } else {
                text.append(try readCharacter(byte))
            }
        }
        throw failure("a string without its closing quotes")
    }

    /// Passes the line break after a backslash and all blanks and line breaks that follow; false if there is none.
    private mutating func skipFoldedLines() -> Bool {
        let start = position
        skipBlanks()
        guard skipLineBreak() else {
            position = start
            return false
        }
        repeat { skipBlanks() } while skipLineBreak()
        return true
    }

    private mutating func readCharacter(_ byte: UInt8) throws(TOMLError) -> UInt8 {
        guard byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\t") else {
            let isLineBreak = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            throw failure(isLineBreak ? "a string without its closing quote" : "a control character in a string")
        }
        position += 1
        return byte
    }

    /// Reads what follows a backslash.
    private mutating func readEscape() throws(TOMLError) -> [UInt8] {
        guard let letter = next else { throw failure("a string without its closing quote") }
        position += 1
        switch letter {
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [letter]
        case UInt8(ascii: "u"): return try readScalar(digits: 4)
        case UInt8(ascii: "U"): return try readScalar(digits: 8)
        default:
            position -= 1
            throw failure("an unknown escape (a backslash is written twice, or the string in single quotes)")
        }
    }

    private mutating func readScalar(digits: Int) throws(TOMLError) -> [UInt8] {
        let text = String(decoding: bytes[position..<min(position + digits, bytes.count)], as: UTF8.self)
        guard text.utf8.count == digits, text.allSatisfy(\.isHexDigit), let value = UInt32(text, radix: 16),
            let scalar = Unicode.Scalar(value)
        else { throw failure("an escape that is no Unicode character") }
        position += digits
        return Array(String(Character(scalar)).utf8)
    }
}
