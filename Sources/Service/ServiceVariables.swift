/// What the process that started this one says by its environment: systemd (sd_listen_fds(3), sd_notify(3),
/// sd_watchdog_enabled(3)), or the server that this one is to replace.
public struct ServiceVariables: Sendable, Equatable {
    /// The descriptors of sockets that listen already.
    public var listening: Range<Int32> = 3..<3
    /// Where the service manager wants to hear of us: a path, or a name that begins with `@`.
    public var notifySocket: String?
    /// How long the service manager may hear nothing before it takes us for stuck.
    public var watchdog: Duration?
    /// The socket to the server that is to be replaced.
    public var predecessor: Int32?

    /// The variable that leads to the predecessor.
    public static let inheritanceName = "ROOST_INHERITED"

    /// All of them: not for workers, nor for what these start.
    public static let names = [
        "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
        inheritanceName,
    ]

    /// What a replacement is not to see: these were meant for this process alone.
    ///
    /// The others hold for whichever process is the service.
    public static let ownNames: Set<String> = [
        "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID", inheritanceName,
    ]

    /// The most sockets that are taken.
    private static let mostSockets: Int32 = 1024

    /// Reads the variables of process `pid`.
    ///
    /// What is addressed to another process is passed over.
    ///
    /// - Throws: ``ServiceError`` for a value that nobody should have set.
    public init(environment: [String: String], pid: Int32) throws(ServiceError) {
        if let count = environment["LISTEN_FDS"], Self.isAddressed(environment["LISTEN_PID"], to: pid, orAnybody: false)
        {
            guard let count = Int32(count), (0...Self.mostSockets).contains(count) else {
                throw ServiceError(
                    "the sockets cannot be taken over",
                    reason: "LISTEN_FDS is '\(count)'",
                    remedy: "a number from 0 to \(Self.mostSockets), as systemd sets it"
                )
            }
            listening = 3..<(3 + count)
        }
        notifySocket = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        if let text = environment["WATCHDOG_USEC"], let microseconds = Int64(text), microseconds > 0,
            Self.isAddressed(environment["WATCHDOG_PID"], to: pid, orAnybody: true)
        {
            watchdog = .microseconds(microseconds)
        }
        predecessor = environment[Self.inheritanceName].flatMap { Int32($0) }.flatMap { $0 > 2 ? $0 : nil }
    }

    private static func isAddressed(_ value: String?, to pid: Int32, orAnybody: Bool) -> Bool {
        guard let value, !value.isEmpty else { return orAnybody }
        return Int32(value) == pid
    }
}
