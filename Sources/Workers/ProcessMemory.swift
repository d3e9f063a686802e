internal import Glibc

/// The resident memory of a process, from `/proc/PID/statm` (proc(5)).
enum ProcessMemory {
    /// Bytes, shared ones included; nil when the process has gone.
    ///
    /// Some microseconds of system calls that do not block.
    static func residentBytes(of pid: Int32) -> UInt64? {
        let file = open("/proc/\(pid)/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        let descriptor = OwnedDescriptor(file)
        return withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { buffer in
            let count = read(descriptor.raw, buffer.baseAddress, buffer.count)
            guard count > 0 else { return nil }
            let fields = buffer[..<count].split(separator: UInt8(ascii: " "))
            guard fields.count > 1, let pages = UInt64(String(decoding: fields[1], as: UTF8.self)) else { return nil }
            return pages &* pageSize
        }
    }

    private static let pageSize = UInt64(max(sysconf(Int32(_SC_PAGESIZE)), 1))
}
