internal import CPython

/// The `(name, value)` tuples of a scope's headers: names in lower case and made once, and a pair that came before
/// handed out again.
///
/// Bounded: names that nobody knew when it is full get new `bytes` for each request. Owned by the loop. Needs the GIL.
struct HeaderPairs: ~Copyable {
    private struct Entry {
        var hash: UInt32
        var count: Int
        /// Whether the last value is kept: not where it tells who somebody is.
        var isRemembered: Bool
        let name: PythonObject
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

    private static let longestName = 64
    private static let longestValue = 128
    private static let mostEntries = 256
    private static let slots = 1024

    private var count = 0
    private let table = UnsafeMutablePointer<Int16>.allocate(capacity: HeaderPairs.slots)
    private let entries = UnsafeMutablePointer<Entry>.allocate(capacity: HeaderPairs.mostEntries)
    private let names = UnsafeMutableRawPointer.allocate(
        byteCount: HeaderPairs.mostEntries * HeaderPairs.longestName,
        alignment: 8
    )
    private let values = UnsafeMutableRawPointer.allocate(
        byteCount: HeaderPairs.mostEntries * HeaderPairs.longestValue,
        alignment: 8
    )
    private let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: HeaderPairs.longestName)

    /// Creates the table.
    ///
    /// What browsers and proxies send is always in it, whatever strangers fill the rest with.
    init() {
        table.initialize(repeating: -1, count: Self.slots)
        for name in [
            "host", "user-agent", "accept", "accept-language", "accept-encoding", "connection", "cookie", "referer",
            "origin", "content-type", "content-length", "cache-control", "pragma", "authorization", "if-none-match",
            "if-modified-since", "range", "if-range", "dnt", "upgrade-insecure-requests", "sec-fetch-site",
            "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user", "sec-ch-ua", "sec-ch-ua-mobile",
            "sec-ch-ua-platform", "x-requested-with", "x-csrftoken", "x-forwarded-for", "x-forwarded-proto",
            "x-forwarded-host", "x-real-ip", "x-request-id", "forwarded", "via", "priority", "te", "keep-alive",
            "expect", "date", "transfer-encoding", "upgrade", "sec-websocket-key", "sec-websocket-version",
            "sec-websocket-protocol", "sec-websocket-extensions", "proxy",
        ] {
            var name = name
            name.withUTF8 { _ = place(of: UnsafeRawBufferPointer($0)) }
        }
    }

    /// Finds a name, taking it into the table when there is room.
    mutating func place(of name: UnsafeRawBufferPointer) -> Place {
        guard name.count > 0 else { return .dropped }
        guard name.count <= Self.longestName else {
            return name.allSatisfy { ByteTable.lowered[Int($0)] != 0 } ? .unknown : .dropped
        }
        var hash: UInt32 = 2_166_136_261
        for index in 0..<name.count {
            let byte = ByteTable.lowered[Int(name[index])]
            if byte == 0 { return .dropped }
            scratch[index] = byte
            hash = (hash ^ UInt32(byte)) &* 16_777_619
        }
        var slot = Int(hash) & (Self.slots - 1)
        while true {
            let index = Int(table[slot])
            if index < 0 { break }
            if entries[index].hash == hash, entries[index].count == name.count,
                equalBytes(names + index * Self.longestName, scratch, name.count)
            {
                return .known(index)
            }
            slot = (slot + 1) & (Self.slots - 1)
        }
        let lowered = UnsafeRawBufferPointer(start: scratch, count: name.count)
        // httpoxy: an application that makes CGI variables of its headers would make HTTP_PROXY of it.
        if lowered.elementsEqual("proxy".utf8) { return .dropped }
        guard count < Self.mostEntries, let object = PythonBytes.make(lowered) else {
            PyErr_Clear()
            return .unknown
        }
        (names + count * Self.longestName).copyMemory(from: scratch, byteCount: name.count)
        (entries + count).initialize(
            to: Entry(hash: hash, count: name.count, isRemembered: !Self.isPersonal(lowered), name: object)
        )
        table[slot] = Int16(count)
        count += 1
        return .known(count - 1)
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
        Py_IncRef(entry.pointee.name)
        guard let pair = Self.makePair(stolen: entry.pointee.name, value) else { return nil }
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
