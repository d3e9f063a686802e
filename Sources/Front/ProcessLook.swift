internal import Glibc
internal import RequestQueue

/// What the kernel says of a process or a thread at one moment: `/proc/PID/stat`, proc_pid_stat(5).
struct ProcessLook: Sendable, Equatable {
    /// R runs, S sleeps, D waits for a disk, T stopped, t traced, Z has ended.
    var state: Character
    /// CPU time used since its start, in units of 10 ms.
    var cpu: Nanoseconds

    /// Whether somebody has stopped it (SIGSTOP, a debugger).
    var isStopped: Bool { state == "T" || state == "t" }

    /// Looks at a process, or at one of its threads; nil when there is none such.
    ///
    /// Some 20 µs.
    static func at(_ pid: Int32, thread: Int32? = nil) -> ProcessLook? {
        let path = thread.map { "/proc/\(pid)/task/\($0)/stat" } ?? "/proc/\(pid)/stat"
        return KernelFile.text(path, atMost: 2048).flatMap { ProcessLook(stat: $0) }
    }

    init(state: Character, cpu: Nanoseconds) {
        self.state = state
        self.cpu = cpu
    }

    /// Reads the text of a `stat` file: the name in it may contain anything, so what counts begins behind the last `)`.
    init?(stat: String, ticksPerSecond: Int = max(1, sysconf(Int32(_SC_CLK_TCK)))) {
        guard let name = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: name)...].split(separator: " ")
        guard fields.count > 12, let state = fields[0].first, let user = UInt64(fields[11]),
            let system = UInt64(fields[12])
        else { return nil }
        self.state = state
        cpu = Nanoseconds(1_000_000_000 / UInt64(ticksPerSecond)) * (Nanoseconds(user) + Nanoseconds(system)).count
    }
}

/// Whether a process has said what to do on a signal: one that has not would be ended by it.
enum SignalsCaught {
    /// Reads `SigCgt` of `/proc/PID/status`.
    static func contains(_ signal: Int32, by pid: Int32) -> Bool {
        KernelFile.text("/proc/\(pid)/status", atMost: 8192).map { contains(signal, inStatus: $0) } ?? false
    }

    static func contains(_ signal: Int32, inStatus text: String) -> Bool {
        for line in text.split(separator: "\n") where line.hasPrefix("SigCgt:") {
            guard let mask = UInt64(line.dropFirst(7).drop { $0 == "\t" || $0 == " " }, radix: 16) else { return false }
            return signal >= 1 && signal <= 64 && mask >> UInt64(signal - 1) & 1 == 1
        }
        return false
    }
}
