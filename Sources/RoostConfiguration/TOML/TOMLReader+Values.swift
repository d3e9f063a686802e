extension TOMLReader {
    /// Reads the value that begins at the next byte.
    mutating func readValue(depth: Int) throws(TOMLError) -> TOMLValue {
        guard depth < Self.deepestNesting else { throw failure("nested too deeply") }
        switch next {
        case UInt8(ascii: "\""):
            return .string(isTripled(UInt8(ascii: "\"")) ? try readLongString(raw: false) : try readBasicString())
        case UInt8(ascii: "'"):
            return .string(isTripled(UInt8(ascii: "'")) ? try readLongString(raw: true) : try readLiteralString())
        case UInt8(ascii: "["):
            return .array(try readArray(depth: depth))
        case UInt8(ascii: "{"):
            return .table(try readInlineTable(depth: depth))
        default:
            return try readWord()
        }
    }

    private func isTripled(_ quote: UInt8) -> Bool {
        byte(ahead: 1) == quote && byte(ahead: 2) == quote
    }

    private mutating func readArray(depth: Int) throws(TOMLError) -> [TOMLItem] {
        position += 1
        var items: [TOMLItem] = []
        while true {
            try skipBlankLines()
            if skip(UInt8(ascii: "]")) { return items }
            let line = currentLine
            items.append(TOMLItem(value: try readValue(depth: depth + 1), line: line))
            try skipBlankLines()
            if skip(UInt8(ascii: "]")) { return items }
            guard skip(UInt8(ascii: ",")) else { throw failure("expected ',' or ']' in an array") }
        }
    }

    private mutating func readInlineTable(depth: Int) throws(TOMLError) -> TOMLTable {
        position += 1
        let table = TOMLTable(kind: .dotted)
        skipBlanks()
        if !skip(UInt8(ascii: "}")) {
            while true {
                try readPair(into: table, depth: depth + 1)
                skipBlanks()
                if skip(UInt8(ascii: "}")) { break }
                guard skip(UInt8(ascii: ",")) else { throw failure("expected ',' or '}' in an inline table") }
            }
        }
        close(table)
        return table
    }

    /// Braces complete a table and those that dotted keys made inside it.
    private func close(_ table: TOMLTable) {
        table.kind = .inline
        for entry in table.entries {
            if let inner = entry.item.table, inner.kind == .dotted { close(inner) }
        }
    }

    /// Reads a boolean, number, date or time.
    private mutating func readWord() throws(TOMLError) -> TOMLValue {
        let start = position
        while let byte = next, Self.isWordByte(byte) { position += 1 }
        // "1979-05-27 07:32:00": one blank may stand between a date and a time.
        if position - start == 10, bytes[start + 4] == UInt8(ascii: "-"), next == UInt8(ascii: " "),
            let digit = byte(ahead: 1), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit)
        {
            position += 1
            while let byte = next, Self.isWordByte(byte) { position += 1 }
        }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        if word == "true" { return .boolean(true) }
        if word == "false" { return .boolean(false) }
        if let value = TOMLNumber.parse(word) ?? (TOMLTime.isValid(word) ? .time(word) : nil) { return value }
        position = start
        throw failure(word.isEmpty ? "expected a value" : "'\(word)' is not a value (a text needs quotes)")
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "."), UInt8(ascii: ":"):
            true
        default:
            false
        }
    }
}
