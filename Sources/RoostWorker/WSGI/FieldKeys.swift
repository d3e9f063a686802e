internal import CPython

/// The environ keys of field names: `User-Agent` → `HTTP_USER_AGENT`, interned, found again without hashing a `str`.
///
/// Bounded: names that nobody knew when it is full get a new `str` for each request. Owned by one lane; looking up
/// needs no GIL, making a key does.
struct FieldKeys: ~Copyable {
    /// What a field is to the environ.
    enum Role: UInt8 {
        case header, cookie, contentType, contentLength, dropped
    }

    /// Where a name was found.
    enum Place {
        case known(Int)
        /// Not in the table, and no room for it.
        case unknown
        /// Not for the application.
        case dropped
    }

    struct Entry {
        var role: Role
        /// Made under the GIL at the first use.
        var key: PythonObject?
        /// The request in which the name was last seen, to find repeated fields.
        var request: UInt64 = 0
    }

    private var names = NameTable(form: ByteTable.environ)
    let entries = UnsafeMutablePointer<Entry>.allocate(capacity: NameTable.mostEntries)

    init() {
        for var name in usualFieldNames {
            name.withUTF8 { _ = place(of: UnsafeRawBufferPointer($0)) }
        }
    }

    /// Finds a name, taking it into the table when there is room.
    mutating func place(of name: UnsafeRawBufferPointer) -> Place {
        switch names.place(of: name) {
        case .known(let index):
            return entries[index].role == .dropped ? .dropped : .known(index)
        case .added(let index):
            (entries + index).initialize(to: Entry(role: Self.role(of: names.name(at: index))))
            return entries[index].role == .dropped ? .dropped : .known(index)
        case .unknown: return .unknown
        case .malformed: return .dropped
        }
    }

    /// The key of an entry.
    ///
    /// Borrowed. Needs the GIL.
    @inline(__always)
    func key(at index: Int) -> PythonObject? {
        if let key = entries[index].key { return key }
        let isBare = entries[index].role == .contentType || entries[index].role == .contentLength
        var key = Self.makeKey(names.name(at: index), prefix: isBare ? "" : "HTTP_")
        if key != nil { PyUnicode_InternInPlace(&key) }
        entries[index].key = key
        return key
    }

    /// A key for a name that is not in the table.
    ///
    /// Owned. Needs the GIL.
    ///
    /// Not interned: CPython 3.12 never frees what is, and strangers choose these names.
    func makeKey(for name: UnsafeRawBufferPointer) -> PythonObject? {
        Self.makeKey(name, prefix: "HTTP_")
    }

    private static func makeKey(_ name: UnsafeRawBufferPointer, prefix: StaticString) -> PythonObject? {
        withUnsafeTemporaryAllocation(byteCount: prefix.utf8CodeUnitCount + name.count, alignment: 1) { buffer in
            buffer.copyMemory(
                from: UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
            )
            for index in 0..<name.count {
                // Names in the table are in this form already; it maps to itself, but for `_`.
                let byte = ByteTable.environ[Int(name[index])]
                buffer[prefix.utf8CodeUnitCount + index] = byte == 0 ? UInt8(ascii: "_") : byte
            }
            return PythonText.latin1(UnsafeRawBufferPointer(buffer))
        }
    }

    private static func role(of name: UnsafeRawBufferPointer) -> Role {
        if name.elementsEqual("CONTENT_TYPE".utf8) { return .contentType }
        if name.elementsEqual("CONTENT_LENGTH".utf8) { return .contentLength }
        if name.elementsEqual("COOKIE".utf8) { return .cookie }
        // httpoxy: HTTP_PROXY is a variable that clients of the application obey.
        if name.elementsEqual("PROXY".utf8) { return .dropped }
        // The body arrives whole, its chunks joined: CONTENT_LENGTH says how long it is.
        if name.elementsEqual("TRANSFER_ENCODING".utf8) { return .dropped }
        return .header
    }
}
