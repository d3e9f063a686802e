internal import RequestQueue

/// Whether a worker takes the requests that it is handed.
///
/// A request goes only to a thread that has nothing else to do, which takes it within microseconds. One that lies
/// untaken for a second means that the process is stopped (SIGSTOP, a frozen control group), or that no thread of it
/// gets the interpreter's lock. Silence alone is no reason to end it: what counts is whether the process makes progress.
///
/// ```
/// taking ◀──▶ suspected ──▶ held ──▶ given up
///   ▲                        │           │
///   └────────────────────────┴───────────┘
/// ```
struct WorkerPulse: Sendable, Equatable {
    /// What is seen of it without asking the kernel.
    struct Signs: Sendable, Equatable {
        /// For how long the oldest request that it was handed has lain there; zero when none does.
        var oldestUntaken = Nanoseconds.zero
        /// Whether some of what made it be held still lies there.
        var stillUntaken = false
    }

    enum Verdict: Sendable, Equatable {
        /// Nothing to do.
        case none
        /// Give it no more requests. It does not run, unless `runs`.
        case hold(runs: Bool, ProcessLook?)
        /// It takes requests again, after so long.
        case resume(after: Nanoseconds)
        /// It has made no progress for so long: replace it.
        case replace(after: Nanoseconds, ProcessLook?)
    }

    enum State: Sendable, Equatable {
        /// May go to suspected.
        case taking
        /// Something lies untaken. May go to taking or held.
        case suspected(ProcessLook?)
        /// It gets no requests. May go to taking or given up.
        case held(since: Instant, progressAt: Instant, ProcessLook?)
        /// It is being replaced. May go to taking, if it comes to itself before its end.
        case givenUp(since: Instant)
    }

    /// From when on the process is looked at.
    static let suspicious = Nanoseconds.milliseconds(500)
    /// From when on it gets no more.
    static let tooLong = Nanoseconds.seconds(1)
    /// How long it may make no progress before it is replaced.
    static let patience = Nanoseconds.seconds(30)

    private(set) var state = State.taking

    /// Whether it gets no requests.
    var isHeld: Bool {
        switch state {
        case .taking, .suspected: false
        case .held, .givenUp: true
        }
    }

    /// Looks at a worker.
    ///
    /// - Parameters:
    ///   - signs: What is seen.
    ///   - process: Asks the kernel, where that is needed.
    ///   - now: The time.
    /// - Returns: The one thing to do now.
    mutating func look(_ signs: Signs, process: () -> ProcessLook?, at now: Instant) -> Verdict {
        switch state {
        case .taking:
            if signs.oldestUntaken >= Self.suspicious { state = .suspected(process()) }
            return .none
        case .suspected(let before):
            guard signs.oldestUntaken >= Self.suspicious else {
                state = .taking
                return .none
            }
            guard signs.oldestUntaken >= Self.tooLong else { return .none }
            let process = process()
            state = .held(since: now, progressAt: now, process)
            return .hold(runs: Self.runs(process, since: before), process)
        case .held(let since, let progressAt, let before):
            guard signs.stillUntaken else { return resume(since, at: now) }
            let process = process()
            if Self.runs(process, since: before) {
                state = .held(since: since, progressAt: now, process)
                return .none
            }
            guard now.since(progressAt) >= Self.patience else { return .none }
            state = .givenUp(since: since)
            return .replace(after: now.since(since), process)
        case .givenUp(let since):
            return signs.stillUntaken ? .none : resume(since, at: now)
        }
    }

    private mutating func resume(_ since: Instant, at now: Instant) -> Verdict {
        state = .taking
        return .resume(after: now.since(since))
    }

    private static func runs(_ process: ProcessLook?, since before: ProcessLook?) -> Bool {
        guard let process, let before, !process.isStopped else { return false }
        return process.cpu > before.cpu
    }
}
