/// The limits of the control groups this process is in, version 2 and version 1 (cgroups(7)).
///
/// A group's limit holds for everything below it, so every directory from the process's own group up to the mount is
/// read and the least limit counts. Inside a container without a cgroup namespace `/proc/self/cgroup` names paths of
/// the host, which do not exist here; the walk upwards then still ends at the mount, which is the container's group.
struct ControlGroups {
    /// The CPU time allowed, in CPUs, or `nil` without a limit.
    private(set) var quotaCPUs: Double?

    /// The memory allowed in bytes, or `nil` without a limit.
    private(set) var memoryLimit: Int?

    /// Reads the limits of the calling process.
    init(files: Files) {
        let mount = "/sys/fs/cgroup"
        for line in files.lines("/proc/self/cgroup") {
            // hierarchy-ID:controller-list:cgroup-path, and the path may contain colons.
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let group = String(fields[2])
            let controllers = fields[1].split(separator: ",")
            if fields[0] == "0", controllers.isEmpty {
                for folder in Self.folders(from: group, below: mount) {
                    narrowQuota(Self.quota(files.lines("\(folder)/cpu.max")))
                    narrowMemory(files.lines("\(folder)/memory.max"))
                }
            }
            if controllers.contains("cpu") {
                for top in Set(["\(mount)/\(fields[1])", "\(mount)/cpu"]) {
                    for folder in Self.folders(from: group, below: top) {
                        let quota = files.lines("\(folder)/cpu.cfs_quota_us")
                        narrowQuota(Self.quota(quota + files.lines("\(folder)/cpu.cfs_period_us")))
                    }
                }
            }
            if controllers.contains("memory") {
                for folder in Self.folders(from: group, below: "\(mount)/memory") {
                    narrowMemory(files.lines("\(folder)/memory.limit_in_bytes"))
                }
            }
        }
    }

    private mutating func narrowQuota(_ quota: Double?) {
        guard let quota else { return }
        quotaCPUs = min(quotaCPUs ?? quota, quota)
    }

    private mutating func narrowMemory(_ lines: [String]) {
        // "max" in version 2; a number near 2^63 in version 1, which is no limit once compared with the machine's.
        guard let limit = lines.first.flatMap({ Int($0) }), limit > 0 else { return }
        memoryLimit = min(memoryLimit ?? limit, limit)
    }

    /// The quota of `MAX PERIOD`, on one line (version 2) or two (version 1); `max` and -1 mean none.
    private static func quota(_ lines: [String]) -> Double? {
        let fields = lines.flatMap { $0.split(separator: " ") }
        guard fields.count >= 2, let quota = Double(fields[0]), let period = Double(fields[1]), quota > 0, period > 0
        else { return nil }
        let share = quota / period
        return share.isFinite ? share : nil
    }

    /// The group's directory and every one above it, down to the mount itself.
    private static func folders(from group: String, below mount: String) -> [String] {
        var parts = group.split(separator: "/")
        // A process outside its own namespace's root sees "/../..": only the mount can be looked at then.
        if parts.contains("..") { parts = [] }
        return (0...parts.count).map { kept in ([mount[...]] + parts.prefix(kept)).joined(separator: "/") }
    }
}
