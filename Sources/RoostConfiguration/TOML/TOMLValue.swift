/// A value of a TOML 1.0 document.
enum TOMLValue {
    case string(String)
    case integer(Int)
    case float(Double)
    case boolean(Bool)
    /// A date, a time or both, as written: no option takes one.
    case time(String)
    case array([TOMLItem])
    case table(TOMLTable)

    /// The type in words, with its article.
    var kind: String {
        switch self {
        case .string: "a string"
        case .integer: "a whole number"
        case .float: "a decimal number"
        case .boolean: "a boolean"
        case .time: "a date or time"
        case .array: "an array"
        case .table: "a table"
        }
    }
}

/// A value with the line it begins on; for a table, the line that first names it.
struct TOMLItem {
    var value: TOMLValue
    var line: Int

    /// The table, when it is one.
    var table: TOMLTable? {
        if case .table(let table) = value { table } else { nil }
    }
}

/// A table of a TOML document, in the order written.
///
/// Confined to the reading of one document.
final class TOMLTable {
    /// How a table came about, which decides who may still add to it (TOML 1.0, "Table").
    enum Kind {
        /// Only named on the way to another header: its own header may follow.
        case implicit
        /// Named by its header, once.
        case header
        /// Made by dotted keys, which may add to it.
        case dotted
        /// Written in braces: complete.
        case inline
    }

    private(set) var entries: [(key: String, item: TOMLItem)] = []
    private var places: [String: Int] = [:]
    var kind: Kind

    /// Whether a key's array was written as `[[key]]`, which more of the same may extend.
    private(set) var tableArrays: Set<String> = []

    init(kind: Kind) {
        self.kind = kind
    }

    /// The value of a key, or `nil`.
    subscript(key: String) -> TOMLItem? {
        places[key].map { entries[$0].item }
    }

    /// Sets a key that has no value yet.
    func add(_ key: String, _ item: TOMLItem) {
        places[key] = entries.count
        entries.append((key, item))
    }

    /// Adds a table to the array of tables of a key, which may have none yet.
    func appendTable(_ table: TOMLTable, to key: String, line: Int) {
        let item = TOMLItem(value: .table(table), line: line)
        if let place = places[key], case .array(let items) = entries[place].item.value {
            entries[place].item.value = .array(items + [item])
        } else {
            tableArrays.insert(key)
            add(key, TOMLItem(value: .array([item]), line: line))
        }
    }
}

/// Why a document is not TOML.
struct TOMLError: Error, Equatable {
    /// What is wrong, without a full stop.
    var reason: String
    /// The line, counted from 1.
    var line: Int
    /// The byte within the line, counted from 1.
    var column: Int
}
