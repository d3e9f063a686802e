internal import CRoostSystem

/// Field names as an application's interface writes them, each with an index under which more can be kept about it.
///
/// Bounded: what strangers send beyond that is not taken in. Owned by one thread; needs no GIL.
struct NameTable: ~Copyable {
    /// The most names.
    static let mostEntries = 256

    /// Where a name was found.
    enum Place {
        case known(Int)
        /// Taken in just now: the greatest index.
        case added(Int)
        /// Not in the table, and no room for it.
        case unknown
        /// It has a byte that no name may have.
        case malformed
    }

    private static let longestName = 64
    private static let slots = 1024

    private var count = 0
    /// What each byte of a name becomes; 0 where it may not stand.
    private let form: UnsafePointer<UInt8>
    private let table = UnsafeMutablePointer<Int16>.allocate(capacity: NameTable.slots)
    private let entries = UnsafeMutablePointer<(hash: UInt32, count: Int)>.allocate(capacity: NameTable.mostEntries)
    private let names = UnsafeMutableRawPointer.allocate(
        byteCount: NameTable.mostEntries * NameTable.longestName,
        alignment: 8
    )
    private let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: NameTable.longestName)

    /// Creates an empty table of names in the form that `form` gives them, see ``ByteTable``.
    init(form: UnsafePointer<UInt8>) {
        self.form = form
        table.initialize(repeating: -1, count: Self.slots)
    }

    /// Finds a name, taking it in when there is room.
    @inline(__always)
    mutating func place(of name: UnsafeRawBufferPointer) -> Place {
        guard name.count > 0 else { return .malformed }
        guard name.count <= Self.longestName else {
            return name.allSatisfy { form[Int($0)] != 0 } ? .unknown : .malformed
        }
        // FNV-1a.
        var hash: UInt32 = 2_166_136_261
        for index in 0..<name.count {
            let byte = form[Int(name[index])]
            if byte == 0 { return .malformed }
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
        guard count < Self.mostEntries else { return .unknown }
        (names + count * Self.longestName).copyMemory(from: scratch, byteCount: name.count)
        (entries + count).initialize(to: (hash, name.count))
        table[slot] = Int16(count)
        count += 1
        return .added(count - 1)
    }

    /// The name at an index, in its form.
    func name(at index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: names + index * Self.longestName, count: entries[index].count)
    }
}

/// What browsers and proxies send: always in the tables, whatever strangers fill the rest with.
let usualFieldNames = [
    "Host", "User-Agent", "Accept", "Accept-Language", "Accept-Encoding", "Connection", "Cookie", "Referer",
    "Origin", "Content-Type", "Content-Length", "Cache-Control", "Pragma", "Authorization", "If-None-Match",
    "If-Modified-Since", "Range", "If-Range", "DNT", "Upgrade-Insecure-Requests", "Sec-Fetch-Site",
    "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-User", "Sec-Ch-Ua", "Sec-Ch-Ua-Mobile",
    "Sec-Ch-Ua-Platform", "X-Requested-With", "X-CSRFToken", "X-Forwarded-For", "X-Forwarded-Proto",
    "X-Forwarded-Host", "X-Real-IP", "X-Request-ID", "Forwarded", "Via", "Priority", "TE", "Keep-Alive",
    "Expect", "Date", "Transfer-Encoding", "Proxy",
]
