internal import Glibc

/// How often the kernel has killed a process because memory ran out, to tell such an end from another `kill -9`.
///
/// The counter is the control group's where there is one (`memory.events`, cgroup v2), else the machine's
/// (`/proc/vmstat`): in both somebody else's process may have been meant, so it is a hint and no proof.
struct OutOfMemoryKills {
    private var seen: UInt64?

    /// Creates the counter as it stands now.
    init() {
        seen = Self.count()
    }

    /// Whether there were any since the last look.
    ///
    /// Reads a file of the kernel's: to be called when a worker has ended, not for each request.
    mutating func haveHappened() -> Bool {
        let now = Self.count()
        defer { seen = now }
        guard let seen, let now else { return false }
        return now > seen
    }

    /// The number behind `name` in lines of `name number`.
    static func value(_ name: String, in text: String) -> UInt64? {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 2, fields[0] == name { return UInt64(fields[1]) }
        }
        return nil
    }

    private static func count() -> UInt64? {
        if let group = KernelFile.text("/proc/self/cgroup", atMost: 4096)?.split(separator: "\n").first(where: {
            $0.hasPrefix("0::")
        }), let events = KernelFile.text("/sys/fs/cgroup\(group.dropFirst(3))/memory.events", atMost: 4096),
            let kills = value("oom_kill", in: events)
        {
            return kills
        }
        return KernelFile.text("/proc/vmstat", atMost: 64 << 10).flatMap { value("oom_kill", in: $0) }
    }
}

/// The small files in which the kernel tells things.
///
/// They are memory, not disk: reading one does not wait.
enum KernelFile {
    /// The first bytes of a file as text; nil when it can't be read.
    static func text(_ path: String, atMost limit: Int) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let count = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { room -> Int in
                let count = read(descriptor, room.baseAddress, min(room.count, limit - bytes.count))
                if count > 0 { bytes.append(contentsOf: room[..<count]) }
                return count
            }
            if count <= 0 { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
