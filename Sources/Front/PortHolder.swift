internal import Glibc

/// The process that listens on a TCP port already, as far as `/proc` shows it to this user.
struct PortHolder: Equatable {
    /// Its process id.
    let pid: Int
    /// Its program's name, fit to be printed.
    let program: String

    var description: String { "process \(pid) (\(program))" }

    /// Looks for the holder; nil when there is none, or it belongs to a user whose files this one may not see.
    static func find(host: String, port: Int) -> PortHolder? {
        let address = nativeAddress(of: host)
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map { text(of: $0) }
        let links = Set(tables.flatMap { inodes(in: $0, port: port, address: address) }.map { "socket:[\($0)]" })
        guard !links.isEmpty else { return nil }
        for pid in names(in: "/proc").compactMap({ Int($0) }).sorted() {
            let directory = "/proc/\(pid)/fd"
            guard names(in: directory).contains(where: { links.contains(link("\(directory)/\($0)")) }) else { continue }
            let name = text(of: "/proc/\(pid)/comm").unicodeScalars.filter { $0.value > 0x1F && $0.value != 0x7F }
            return PortHolder(pid: pid, program: String(String.UnicodeScalarView(name)))
        }
        return nil
    }

    /// The inodes of the sockets that listen on a port, of a table as proc(5) describes `/proc/net/tcp`.
    ///
    /// Only those of `address` and of all addresses, where one is given as the table writes it.
    static func inodes(in table: String, port: Int, address: String? = nil) -> [String] {
        table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A" else { return nil }
            let local = fields[1].split(separator: ":")
            guard local.count == 2, Int(local[1], radix: 16) == port else { return nil }
            let isForAll = local[0].allSatisfy { $0 == "0" }
            guard isForAll || address == nil || local[0] == address ?? "" else { return nil }
            return String(fields[9])
        }
    }

    /// An IPv4 address as the table writes it; nil for all addresses, and for what is no such address.
    static func nativeAddress(of host: String) -> String? {
        // The table shows the four bytes as a number of this machine.
        var address: UInt32 = 0
        guard inet_pton(AF_INET, host, &address) == 1, address != 0 else { return nil }
        let digits = String(address, radix: 16, uppercase: true)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    private static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
            )
        }
        return names
    }

    private static func link(_ path: String) -> String {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = bytes.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { readlink(path, $0, bytes.count) } ?? -1 }
        }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    private static func text(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes { bytes in
                bytes.baseAddress.map { read(descriptor, $0, bytes.count) } ?? -1
            }
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += buffer.prefix(count)
        }
    }
}
