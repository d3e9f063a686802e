import Glibc
import Telemetry

/// Resident memory of processes, from `/proc/PID/statm` (proc(5)): read on the admin's side, so that the front does no
/// file I/O for a scrape.
enum ResidentMemory {
    /// Resident bytes of a process; nil when it is gone.
    static func bytes(of pid: Int32) -> UInt64? {
        let descriptor = open("/proc/\(pid)/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &buffer, buffer.count)
        let fields = buffer.prefix(max(0, count)).split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = UInt64(String(decoding: fields[1], as: UTF8.self)) else { return nil }
        return pages.multipliedReportingOverflow(by: UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))).partialValue
    }

    /// Fills in what the snapshot does not have.
    static func complete(_ snapshot: inout MetricsSnapshot) {
        if snapshot.residentBytes == nil { snapshot.residentBytes = bytes(of: getpid()) }
        for index in snapshot.workers.indices where snapshot.workers[index].residentBytes == nil {
            snapshot.workers[index].residentBytes = snapshot.workers[index].pid.flatMap(bytes(of:))
        }
    }
}
