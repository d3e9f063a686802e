internal import Glibc

/// What this process may use of its machine: the facts that automatic values rest on.
public struct MachineFacts: Sendable, Equatable {
    /// The CPUs this process may be scheduled on (sched_getaffinity(2)); at least 1.
    public var affinityCPUs: Int

    /// The CPU time a control group allows, in CPUs and parts of a CPU, or `nil` without a limit.
    public var quotaCPUs: Double?

    /// The least of the machine's memory and every control group's limit, or `nil` when neither is known.
    public var memory: ByteCount?

    /// The most file descriptors this process can have after raising its soft limit to the hard one.
    public var descriptorLimit: Int

    /// The user this process runs as, for the name of a private directory.
    public var userID: Int

    /// This process, for the name of a socket of a server whose port is not known yet.
    public var processID: Int

    /// Whether standard output, where the access log goes unless told otherwise, is a terminal.
    public var isAtTerminal = false

    /// Creates facts; for tests and simulations.
    public init(
        affinityCPUs: Int,
        quotaCPUs: Double? = nil,
        memory: ByteCount? = nil,
        descriptorLimit: Int = 1_048_576,
        userID: Int = 1_000,
        processID: Int = 1
    ) {
        self.affinityCPUs = max(1, affinityCPUs)
        self.quotaCPUs = quotaCPUs
        self.memory = memory
        self.descriptorLimit = descriptorLimit
        self.userID = userID
        self.processID = processID
    }

    /// The facts about this process and machine.
    ///
    /// A file that cannot be read is a limit that is not there.
    public static func read(files: Files = .system) -> MachineFacts {
        let groups = ControlGroups(files: files)
        let memory = [groups.memoryLimit, installedMemory(files: files)].compactMap { $0 }.min()
        var facts = MachineFacts(
            affinityCPUs: schedulableCPUs(files: files),
            quotaCPUs: groups.quotaCPUs,
            memory: memory.map(ByteCount.init(bytes:)),
            descriptorLimit: hardDescriptorLimit(),
            userID: Int(getuid()),
            processID: Int(getpid())
        )
        facts.isAtTerminal = isatty(1) == 1
        return facts
    }

    /// The number of a user, given by name or number; nil when there is no such user.
    static func userID(of user: String) -> Int? {
        Int(user) ?? getpwnam(user).map { Int($0.pointee.pw_uid) }
    }

    /// Whether a name or number is this process's user or group: asking for what one is already is no error.
    func isOwn(_ kind: String, _ value: String) -> Bool {
        if kind == "user" {
            let name = getpwuid(uid_t(userID)).map { String(cString: $0.pointee.pw_name) }
            return value == String(userID) || value == name
        }
        return value == String(getegid()) || getgrgid(getegid()).map { String(cString: $0.pointee.gr_name) } == value
    }

    /// The bytes of `MemTotal` in `/proc/meminfo` (proc_meminfo(5): in units of 1024 bytes).
    static func installedMemory(files: Files) -> Int? {
        for line in files.lines("/proc/meminfo") where line.hasPrefix("MemTotal:") {
            let fields = line.split(separator: " ")
            guard fields.count >= 2, let kibibytes = Int(fields[1]) else { return nil }
            return ByteCount.kibibytes(kibibytes).bytes
        }
        return nil
    }

    /// The CPUs in `Cpus_allowed_list` of `/proc/self/status`, such as `0-3,8`, which is what sched_getaffinity(2)
    /// answers (a function the Swift Glibc module does not have).
    static func schedulableCPUs(files: Files) -> Int {
        for line in files.lines("/proc/self/status") where line.hasPrefix("Cpus_allowed_list:") {
            let list = line.dropFirst("Cpus_allowed_list:".count).filter { $0 != " " && $0 != "\t" }
            var count = 0
            for range in list.split(separator: ",") {
                let ends = range.split(separator: "-").map { Int($0) }
                guard let first = ends.first ?? nil, let last = ends.last ?? nil, first >= 0, last >= first,
                    last < 1 << 20
                else { return onlineCPUs() }
                count += last - first + 1
            }
            return count > 0 ? count : onlineCPUs()
        }
        return onlineCPUs()
    }

    private static func onlineCPUs() -> Int {
        max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    private static func hardDescriptorLimit() -> Int {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return 1_024 }
        // No kernel gives more than fs.nr_open, 2^20 unless raised: an unlimited hard limit means that.
        return Int(min(limits.rlim_max, 1 << 20))
    }
}

extension Files {
    /// Whether there is a file that this process may read.
    func exists(_ path: String) -> Bool {
        (try? contents(path)) != nil
    }

    /// The lines of a small text file, none when it cannot be read.
    func lines(_ path: String) -> [String] {
        guard let bytes = try? contents(path) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
