/// The default numbers of processes and threads, and why.
///
/// *Processes*: one Global Interpreter Lock lets one thread of a process compute at a time, so a process is a CPU's
/// worth of Python: as many as CPUs are usable, rounded up (a quota of 1.5 is used up by two), but no more than the
/// memory holds at 150 MB each in three quarters of it (a Dash worker with its data frames; Passenger's rule), and no
/// more than 8: beyond, a machine is usually shared, and each process multiplies the database connections.
///
/// *Threads*: waiting needs threads, `T* = 1 + Z/D` for `D` of computing and `Z` of waiting per request. Nothing is
/// known of an app that never ran. Four is right for three quarters of waiting, and the two mistakes differ: one thread
/// too few of an app that waits costs throughput in proportion, four too many of one that computes moved latency from
/// the queue to the lock (throughput -3 % measured). Together at least 8: a browser opens six connections, and the
/// callbacks of one page should not queue behind each other on an idle server. Measure, then set it.
public struct PlacementDefaults: Sendable, Equatable {
    /// Worker processes.
    public let processes: Int

    /// Threads in each worker.
    public let threads: Int

    /// Why this many processes, for people.
    public let processesReason: String

    /// Why this many threads, for people.
    public let threadsReason: String

    /// The most processes that are started unasked.
    static let mostProcesses = 8

    /// The memory one worker is assumed to need until it has been measured.
    static let memoryPerProcess = ByteCount.mebibytes(150)

    /// The fewest threads in a process, and in all.
    static let fewestThreads = (perProcess: 4, inAll: 8)

    /// Creates the defaults from facts; a number the user has given is kept and the other one follows it.
    public init(facts: MachineFacts, processes givenProcesses: Int? = nil, threads givenThreads: Int? = nil) {
        (processes, processesReason) = givenProcesses.map { (max(1, $0), "as given") } ?? Self.processes(facts)
        if let givenThreads {
            (threads, threadsReason) = (max(1, givenThreads), "as given")
        } else {
            let share = (Self.fewestThreads.inAll - 1) / processes + 1
            if share > Self.fewestThreads.perProcess {
                threads = share
                threadsReason = "\(Self.fewestThreads.inAll) in all, so that one page's requests run side by side"
            } else {
                threads = Self.fewestThreads.perProcess
                threadsReason = "so that a request which waits for a database does not hold up the next"
            }
        }
    }

    private static func processes(_ facts: MachineFacts) -> (count: Int, reason: String) {
        let usable = facts.quotaCPUs.map { min($0, Double(facts.affinityCPUs)) } ?? Double(facts.affinityCPUs)
        // Bounded on both sides before it becomes a whole number: a quota is whatever a file says.
        let wanted = Int(min(max(1, usable.rounded(.up)), 1_000_000))
        let quota = facts.quotaCPUs.map { "cgroup quota \(decimal($0)), " } ?? ""
        var reason = "\(wanted) \(wanted == 1 ? "CPU" : "CPUs") usable (\(quota)affinity \(facts.affinityCPUs))"
        var count = wanted
        if count > mostProcesses {
            count = mostProcesses
            reason += ", at most \(mostProcesses) unless told"
        }
        if let memory = facts.memory {
            let fitting = max(1, memory.bytes / 4 * 3 / memoryPerProcess.bytes)
            if fitting < count {
                count = fitting
                reason += ", but \(memory.bytes >> 20) MiB of memory hold \(fitting) of 150 MiB"
            }
        }
        return (count, reason)
    }

    private static func decimal(_ number: Double) -> String {
        let tenths = Int((min(number, 1e9) * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
