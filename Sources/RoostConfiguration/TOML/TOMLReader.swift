/// Reads a TOML 1.0 document (https://toml.io/en/v1.0.0) into tables that know the line of each value.
///
/// The lines are why this is not a library: those at hand give a position for syntax errors only, and an error in a
/// value should name its line as well.
struct TOMLReader {
    /// Deeper nesting is refused, so that no document can exhaust the stack.
    static let deepestNesting = 64

    let bytes: [UInt8]
    var position = 0
    private var line = 1
    private var lineStart = 0
    private let root = TOMLTable(kind: .header)

    /// The top-level table of a document.
    ///
    /// - Throws: `TOMLError` with the place, at the first thing that is not TOML.
    static func read(_ bytes: [UInt8]) throws(TOMLError) -> TOMLTable {
        var reader = TOMLReader(bytes: bytes)
        try reader.readDocument()
        return reader.root
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    // MARK: Bytes

    /// The next byte, or `nil` at the end.
    var next: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    /// The byte some places ahead, or `nil` beyond the end.
    func byte(ahead distance: Int) -> UInt8? {
        position + distance < bytes.count ? bytes[position + distance] : nil
    }

    /// The line of the next byte.
    var currentLine: Int {
        line
    }

    /// Passes one byte if it is the one named.
    mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    /// Passes a line break, LF or CR LF, if there is one.
    mutating func skipLineBreak() -> Bool {
        if next == UInt8(ascii: "\r"), byte(ahead: 1) == UInt8(ascii: "\n") { position += 1 }
        guard skip(UInt8(ascii: "\n")) else { return false }
        line += 1
        lineStart = position
        return true
    }

    /// Passes blanks and tabs.
    mutating func skipBlanks() {
        while next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { position += 1 }
    }

    /// Passes blanks, comments and line breaks.
    mutating func skipBlankLines() throws(TOMLError) {
        repeat {
            skipBlanks()
            try skipComment()
        } while skipLineBreak()
    }

    /// The error at the next byte.
    func failure(_ reason: String) -> TOMLError {
        TOMLError(reason: reason, line: line, column: position - lineStart + 1)
    }

    private mutating func skipComment() throws(TOMLError) {
        guard skip(UInt8(ascii: "#")) else { return }
        while let byte = next, byte != UInt8(ascii: "\n") {
            if byte == UInt8(ascii: "\r"), self.byte(ahead: 1) == UInt8(ascii: "\n") { return }
            guard byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\t") else {
                throw failure("a control character in a comment")
            }
            position += 1
        }
    }

    // MARK: Lines

    private mutating func readDocument() throws(TOMLError) {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw TOMLError(reason: "the file is not UTF-8", line: 1, column: 1)
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        var table = root
        while true {
            try skipBlankLines()
            guard let byte = next else { return }
            if byte == UInt8(ascii: "[") {
                table = try readHeader()
            } else {
                try readPair(into: table, depth: 0)
            }
            skipBlanks()
            try skipComment()
            guard next == nil || skipLineBreak() else {
                throw failure("expected the end of the line")
            }
        }
    }

    private mutating func readHeader() throws(TOMLError) -> TOMLTable {
        position += 1
        let isArray = skip(UInt8(ascii: "["))
        let keys = try readKeys()
        guard skip(UInt8(ascii: "]")), !isArray || skip(UInt8(ascii: "]")) else {
            throw failure("expected ']' after the table's name")
        }
        var table = root
        for key in keys.dropLast() { table = try descend(from: table, to: key, making: .implicit) }
        let name = keys[keys.count - 1]
        if isArray {
            guard table[name] == nil || table.tableArrays.contains(name) else {
                throw failure("'\(name)' already has a value")
            }
            let element = TOMLTable(kind: .header)
            table.appendTable(element, to: name, line: line)
            return element
        }
        guard let item = table[name] else {
            let made = TOMLTable(kind: .header)
            table.add(name, TOMLItem(value: .table(made), line: line))
            return made
        }
        guard let existing = item.table, existing.kind == .implicit else {
            throw failure("'\(name)' already has a value")
        }
        existing.kind = .header
        return existing
    }

    /// The table below another one that a key names on the way to something deeper.
    private func descend(
        from table: TOMLTable,
        to key: String,
        making kind: TOMLTable.Kind
    ) throws(TOMLError) -> TOMLTable {
        guard let item = table[key] else {
            let made = TOMLTable(kind: kind)
            table.add(key, TOMLItem(value: .table(made), line: line))
            return made
        }
        if let existing = item.table {
            // Dotted keys add to what has no header of its own; headers go through everything but braces.
            guard existing.kind != .inline, kind != .dotted || existing.kind != .header else {
                throw failure("'\(key)' is a table that is complete")
            }
            if kind == .dotted { existing.kind = .dotted }
            return existing
        }
        if kind == .implicit, table.tableArrays.contains(key), case .array(let items) = item.value,
            let last = items.last?.table
        {
            return last
        }
        throw failure("'\(key)' already has a value that is not a table")
    }

    /// Reads `key.key = value`.
    mutating func readPair(into table: TOMLTable, depth: Int) throws(TOMLError) {
        skipBlanks()
        let start = failure("")
        let keys = try readKeys()
        guard skip(UInt8(ascii: "=")) else { throw failure("expected '=' after a key") }
        var table = table
        for key in keys.dropLast() { table = try descend(from: table, to: key, making: .dotted) }
        let name = keys[keys.count - 1]
        guard table[name] == nil else {
            throw TOMLError(reason: "'\(name)' already has a value", line: start.line, column: start.column)
        }
        skipBlanks()
        table.add(name, TOMLItem(value: try readValue(depth: depth), line: start.line))
    }

    /// Reads keys with dots between them, and the blanks around; at least one.
    private mutating func readKeys() throws(TOMLError) -> [String] {
        var keys: [String] = []
        repeat {
            skipBlanks()
            keys.append(try readKey())
            skipBlanks()
            guard keys.count <= Self.deepestNesting else { throw failure("too many dots") }
        } while skip(UInt8(ascii: "."))
        return keys
    }

    private mutating func readKey() throws(TOMLError) -> String {
        if next == UInt8(ascii: "\"") { return try readBasicString() }
        if next == UInt8(ascii: "'") { return try readLiteralString() }
        let start = position
        while let byte = next, Self.isBare(byte) { position += 1 }
        guard position > start else { throw failure("expected a key") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default:
            false
        }
    }
}
