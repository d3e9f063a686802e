internal import CPython

/// The `(name, value)` tuples of a scope's headers: names in lower case and made once, and a pair that came before
/// handed out again.
///
/// Bounded: names that nobody knew when it is full get new `bytes` for each request. Owned by the loop. Needs the GIL.
struct HeaderPairs: ~Copyable {
    private struct Entry {
        /// Nil where the name is not for the application, or could not be made.
        let name: PythonObject?
        let isDropped: Bool
        /// Whether the last value is kept: not where it tells who somebody is.
        let isRemembered: Bool
        /// Bytes of the last value, -1 for none.
        var valueCount = -1
        /// The last pair.
        var pair: PythonObject?
    }

    /// Where a name was found.
    enum Place {
        case known(Int)
        /// Not in the table, and no room for it.
        case unknown
        /// Not for the application.
        case dropped
    }

    private static let longestValue = 128
    private static let ofWebSockets = [
        "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions",
    ]

    private var names = NameTable(form: ByteTable.lowered)
    private let entries = UnsafeMutablePointer<Entry>.allocate(capacity: NameTable.mostEntries)
    private let values = UnsafeMutableRawPointer.allocate(
        byteCount: NameTable.mostEntries * HeaderPairs.longestValue,
        alignment: 8
    )

    /// Creates the table.
    init() {
        for var name in usualFieldNames + Self.ofWebSockets {
            name.withUTF8 { _ = place(of: UnsafeRawBufferPointer($0)) }
        }
    }

    /// Finds a name, taking it into the table when there is room.
    mutating func place(of name: UnsafeRawBufferPointer) -> Place {
        switch names.place(of: name) {
        case .known(let index): return place(at: index)
        case .added(let index):
            let lowered = names.name(at: index)
            // httpoxy: an application that makes CGI variables of its headers would make HTTP_PROXY of it.
            let isDropped = lowered.elementsEqual("proxy".utf8)
            let object = isDropped ? nil : PythonBytes.make(lowered)
            if !isDropped, object == nil { PyErr_Clear() }
            (entries + index).initialize(
                to: Entry(name: object, isDropped: isDropped, isRemembered: !Self.isPersonal(lowered))
            )
            return place(at: index)
        case .unknown: return .unknown
        case .malformed: return .dropped
        }
    }

    @inline(__always)
    private func place(at index: Int) -> Place {
        if entries[index].name != nil { return .known(index) }
        return entries[index].isDropped ? .dropped : .unknown
    }

    /// The pair of a name in the table and `value`.
    ///
    /// Owned by the caller; nil with a Python error set.
    func pair(at index: Int, value: UnsafeRawBufferPointer) -> PythonObject? {
        let entry = entries + index
        let kept = values + index * Self.longestValue
        if entry.pointee.valueCount == value.count, let pair = entry.pointee.pair,
            value.baseAddress.map({ equalBytes(kept, $0, value.count) }) ?? true
        {
            Py_IncRef(pair)
            return pair
        }
        guard let name = entry.pointee.name else { return nil }
        Py_IncRef(name)
        guard let pair = Self.makePair(stolen: name, value) else { return nil }
        if entry.pointee.isRemembered, value.count <= Self.longestValue {
            if let source = value.baseAddress { kept.copyMemory(from: source, byteCount: value.count) }
            let before = entry.pointee.pair
            Py_IncRef(pair)
            entry.pointee.pair = pair
            entry.pointee.valueCount = value.count
            if let before { Py_DecRef(before) }
        }
        return pair
    }

    /// The pair of a name that is not in the table.
    ///
    /// Owned by the caller; nil with a Python error set.
    func pair(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> PythonObject? {
        withUnsafeTemporaryAllocation(byteCount: name.count, alignment: 1) { lowered in
            for index in 0..<name.count { lowered[index] = ByteTable.lowered[Int(name[index])] }
            guard let object = PythonBytes.make(UnsafeRawBufferPointer(lowered)) else { return nil }
            return Self.makePair(stolen: object, value)
        }
    }

    private static func makePair(stolen name: PythonObject, _ value: UnsafeRawBufferPointer) -> PythonObject? {
        guard let pair = PyTuple_New(2) else {
            Py_DecRef(name)
            return nil
        }
        PyTuple_SetItem(pair, 0, name)
        guard let object = PythonBytes.make(value), PyTuple_SetItem(pair, 1, object) == 0 else {
            Py_DecRef(pair)
            return nil
        }
        return pair
    }

    private static func isPersonal(_ name: UnsafeRawBufferPointer) -> Bool {
        name.elementsEqual("cookie".utf8) || name.elementsEqual("authorization".utf8)
    }
}
