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
        var hash: UInt32
        var count: UInt8
        var role: Role
        /// Made under the GIL at the first use.
        var key: PythonObject?
        /// The request in which the name was last seen, to find repeated fields.
        var request: UInt64 = 0
    }

    private static let longestName = 64
    private static let mostEntries = 256
    private static let slots = 1024

    private var count = 0
    private let table = UnsafeMutablePointer<Int16>.allocate(capacity: FieldKeys.slots)
    let entries = UnsafeMutablePointer<Entry>.allocate(capacity: FieldKeys.mostEntries)
    private let names = UnsafeMutablePointer<UInt8>.allocate(
        capacity: FieldKeys.mostEntries * FieldKeys.longestName
    )
    private let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: FieldKeys.longestName)

    init() {
        table.initialize(repeating: -1, count: Self.slots)
        // What browsers and proxies send: always in the table, whatever strangers fill the rest with.
        for name in [
            "Host", "User-Agent", "Accept", "Accept-Language", "Accept-Encoding", "Connection", "Cookie", "Referer",
            "Origin", "Content-Type", "Content-Length", "Cache-Control", "Pragma", "Authorization", "If-None-Match",
            "If-Modified-Since", "Range", "If-Range", "DNT", "Upgrade-Insecure-Requests", "Sec-Fetch-Site",
            "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-User", "Sec-Ch-Ua", "Sec-Ch-Ua-Mobile",
            "Sec-Ch-Ua-Platform", "X-Requested-With", "X-CSRFToken", "X-Forwarded-For", "X-Forwarded-Proto",
            "X-Forwarded-Host", "X-Real-IP", "X-Request-ID", "Forwarded", "Via", "Priority", "TE", "Keep-Alive",
            "Expect", "Date", "Transfer-Encoding", "Proxy",
        ] {
            var name = name
            name.withUTF8 { _ = place(of: UnsafeRawBufferPointer($0)) }
        }
    }

    /// Finds a name, taking it into the table when there is room.
    mutating func place(of name: UnsafeRawBufferPointer) -> Place {
        guard name.count > 0 else { return .dropped }
        guard name.count <= Self.longestName else { return isPassedOn(name) ? .unknown : .dropped }
        var hash: UInt32 = 2_166_136_261
        for index in 0..<name.count {
            let byte = ByteTable.environ[Int(name[index])]
            if byte == 0 { return .dropped }
            scratch[index] = byte
            hash = (hash ^ UInt32(byte)) &* 16_777_619
        }
        var slot = Int(hash) & (Self.slots - 1)
        while true {
            let index = Int(table[slot])
            if index < 0 { break }
            if entries[index].hash == hash, Int(entries[index].count) == name.count,
                equalBytes(names + index * Self.longestName, scratch, name.count)
            {
                return entries[index].role == .dropped ? .dropped : .known(index)
            }
            slot = (slot + 1) & (Self.slots - 1)
        }
        guard count < Self.mostEntries else { return .unknown }
        (names + count * Self.longestName).update(from: scratch, count: name.count)
        let canonical = UnsafeRawBufferPointer(start: scratch, count: name.count)
        (entries + count).initialize(
            to: Entry(hash: hash, count: UInt8(name.count), role: Self.role(of: canonical))
        )
        table[slot] = Int16(count)
        count += 1
        return entries[count - 1].role == .dropped ? .dropped : .known(count - 1)
    }

    /// The key of an entry.
    ///
    /// Borrowed. Needs the GIL.
    @inline(__always)
    func key(at index: Int) -> PythonObject? {
        if let key = entries[index].key { return key }
        let name = UnsafeRawBufferPointer(start: names + index * Self.longestName, count: Int(entries[index].count))
        let isBare = entries[index].role == .contentType || entries[index].role == .contentLength
        var key = Self.makeKey(name, prefix: isBare ? "" : "HTTP_")
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

    private func isPassedOn(_ name: UnsafeRawBufferPointer) -> Bool {
        name.allSatisfy { ByteTable.environ[Int($0)] != 0 }
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
