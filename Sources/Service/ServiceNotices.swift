/// Decides what the service manager is told, and when: once each thing, and the sign of life every time (sd_notify(3)).
public struct ServiceNotices: Sendable {
    /// What the server is doing.
    public struct Reading: Sendable, Equatable {
        /// Workers that take requests.
        public var readyWorkers: Int
        /// How many there are to be.
        public var processes: Int
        /// Requests that wait.
        public var queueDepth: Int
        /// Creates a reading.
        public init(readyWorkers: Int, processes: Int, queueDepth: Int) {
            self.readyWorkers = readyWorkers
            self.processes = processes
            self.queueDepth = queueDepth
        }
    }

    private enum Phase: Sendable {
        /// No worker has been ready. May go to serving, stopping, silent.
        case starting
        /// READY was said. May go to reloading, stopping, silent.
        case serving
        /// RELOADING was said. May go to serving, stopping, silent.
        case reloading
        /// STOPPING was said. Goes nowhere.
        case stopping
        /// Another process speaks for the service.
        case silent
    }

    private var phase = Phase.starting
    private var status = ""
    private let hasWatchdog: Bool

    /// Creates the notices of a server that starts.
    ///
    /// - Parameter hasWatchdog: whether signs of life are wanted.
    public init(hasWatchdog: Bool) {
        self.hasWatchdog = hasWatchdog
    }

    /// What to say now that the server does `reading`; nil for nothing.
    public mutating func message(for reading: Reading) -> String? {
        var lines: [String] = []
        switch phase {
        case .silent: return nil
        case .serving, .reloading, .stopping: break
        case .starting:
            if reading.readyWorkers > 0 {
                lines.append("READY=1")
                phase = .serving
            }
        }
        let said = statusText(reading)
        if said != status {
            lines.append("STATUS=\(said)")
            status = said
        }
        if hasWatchdog { lines.append("WATCHDOG=1") }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }

    /// What to say when a reload begins, which is dated by the monotonic clock; nil for nothing.
    public mutating func reloading(at microseconds: UInt64) -> String? {
        guard phase == .serving else { return nil }
        phase = .reloading
        return "RELOADING=1\nMONOTONIC_USEC=\(microseconds)"
    }

    /// What to say when the reload is over, whatever came of it; nil for nothing.
    public mutating func reloaded() -> String? {
        guard phase == .reloading else { return nil }
        phase = .serving
        return "READY=1"
    }

    /// What to say when the start may take longer than the service manager thinks.
    public func starting(within time: Duration) -> String {
        "EXTEND_TIMEOUT_USEC=\(Self.microseconds(time))"
    }

    /// What to say when the server drains and may take `time` for it; nil when another speaks for the service.
    public mutating func stopping(within time: Duration) -> String? {
        guard phase != .silent else { return nil }
        phase = .stopping
        return "STOPPING=1\nEXTEND_TIMEOUT_USEC=\(Self.microseconds(time))"
    }

    /// What to say so that process `pid` is the service from now on; afterwards there is nothing more to say.
    public mutating func handOver(to pid: Int32) -> String {
        phase = .silent
        return "MAINPID=\(pid)"
    }

    /// What to say when the process that was to take over is gone: this one is the service again.
    public mutating func takeBack(by pid: Int32) -> String {
        phase = .serving
        status = ""
        return "MAINPID=\(pid)"
    }

    /// The last message did not arrive: what it said is said again.
    public mutating func wasLost() {
        status = ""
        if phase == .serving { phase = .starting }
    }

    private func statusText(_ reading: Reading) -> String {
        let what =
            switch phase {
            case .starting: "starting, "
            case .reloading: "reloading, "
            case .stopping: "draining, "
            case .serving, .silent: ""
            }
        return "\(what)\(reading.readyWorkers) of \(reading.processes) workers, queue \(reading.queueDepth)"
    }

    private static func microseconds(_ time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
