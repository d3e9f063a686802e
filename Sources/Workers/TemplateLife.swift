internal import RequestQueue
internal import WorkerLink

/// The life of the process that workers are forked from, and which worker is forked next.
///
/// ```
/// absent ──▶ importing ──▶ ready ──┐
///    ▲           │          │      ├──▶ leaving ──▶ gone
///    │           ▼          │      │
///    ├──────── killed ◀─────┘      │
///    └──────────────────────┘   unfit
/// ```
///
/// One worker is asked for at a time, so that an answer can only mean one. No clock is read here; the owner says what
/// time it is.
struct TemplateLife: Sendable, Equatable {
    enum State: Sendable, Equatable {
        /// There is no process. It is started when a worker is wanted, or then. May go to: importing, gone.
        case absent(startAt: Instant?)
        /// The process exists and imports the app. May go to: ready, unfit, killed, absent, leaving.
        case importing(deadline: Instant)
        /// Workers are forked from it. May go to: killed, absent, leaving.
        case ready(since: Instant)
        /// The app must not be forked; workers are started as without a template. May go to: leaving, gone.
        case unfit
        /// It was sent SIGKILL; the kernel will tell when it is gone. May go to: absent, gone.
        case killed
        /// Nobody needs it any more, and it was told so. May go to: gone.
        case leaving(killAt: Instant)
        /// It is not needed and has ended. The end.
        case gone
    }

    /// What the owner does after an event, in this order.
    enum Action: Sendable, Equatable {
        /// Start the process, then call ``started(at:)`` or ``notStarted(_:)``.
        case start
        /// Have it fork this worker.
        case ask(WorkerID)
        /// Start this worker as without a template.
        case startApart(WorkerID)
        /// This worker will not come.
        case fail(WorkerID, StartupFailure)
        /// Tell the process to leave, by closing its socket.
        case letGo
        /// Send SIGKILL.
        case kill
    }

    /// How long the app's exit handlers may take in a template that leaves.
    static let leavingPatience = Nanoseconds.seconds(5)

    private(set) var state = State.absent(startAt: nil)
    /// The worker that the process has been asked for.
    private(set) var asked: WorkerID?
    /// Those whose turn has not come, oldest first.
    private(set) var waiting: [WorkerID] = []
    /// Why the process that is there, or was there last, did not become ready.
    private(set) var failure: StartupFailure?
    private var hasBeenReady = false
    private var backoff = Backoff()
    private let startupTimeout: Nanoseconds

    /// Creates the life of a template whose import may take `startupTimeout`.
    init(startupTimeout: Nanoseconds) {
        self.startupTimeout = startupTimeout
    }

    /// When ``timePassed(at:)`` is to be called; nil when nothing is waited for.
    var deadline: Instant? {
        switch state {
        case .absent(let startAt): startAt
        case .importing(let deadline): deadline
        case .leaving(let killAt): killAt
        case .ready, .unfit, .killed, .gone: nil
        }
    }

    /// A worker is to be made.
    mutating func want(_ worker: WorkerID) -> [Action] {
        switch state {
        case .absent:
            waiting.append(worker)
            return [.start]
        case .importing, .killed:
            waiting.append(worker)
            return []
        case .ready:
            waiting.append(worker)
            return askNext()
        case .unfit:
            return [.startApart(worker)]
        case .leaving, .gone:
            return [.fail(worker, Self.notForked("the template is leaving"))]
        }
    }

    /// The worker is not wanted any more.
    ///
    /// One that has been asked for may come all the same.
    mutating func forget(_ worker: WorkerID) {
        waiting.removeAll { $0 == worker }
    }

    /// The process exists.
    mutating func started(at now: Instant) {
        guard case .absent = state else { return }
        failure = nil
        state = .importing(deadline: now + startupTimeout)
    }

    /// The process could not be made.
    ///
    /// It is tried again when the next worker is wanted, which has its own backoff.
    mutating func notStarted(_ failure: StartupFailure) -> [Action] {
        guard case .absent = state else { return [] }
        self.failure = failure
        state = .absent(startAt: nil)
        return failAll(failure)
    }

    /// The app is imported.
    ///
    /// - Parameters:
    ///   - reason: Why it must not be forked; nil when it may be.
    ///   - now: The time.
    /// - Returns: What to do.
    mutating func loaded(unfitBecause reason: String?, at now: Instant) -> [Action] {
        guard case .importing = state else { return violated() }
        hasBeenReady = true
        guard reason == nil else {
            state = .unfit
            defer { waiting = [] }
            return waiting.map { .startApart($0) }
        }
        state = .ready(since: now)
        return askNext()
    }

    /// The app cannot be imported.
    mutating func failed(_ failure: StartupFailure) -> [Action] {
        guard case .importing = state else { return violated() }
        self.failure = failure
        state = .killed
        return [.kill]
    }

    /// The process that was asked for exists.
    ///
    /// - Returns: Which worker it is; nil when none was asked for, which is a broken protocol.
    mutating func forked() -> (worker: WorkerID?, actions: [Action]) {
        guard let worker = asked else { return (nil, violated()) }
        asked = nil
        return (worker, askNext())
    }

    /// The process that was asked for could not be made.
    mutating func notForked(because reason: String) -> [Action] {
        guard let worker = asked else { return violated() }
        asked = nil
        return [.fail(worker, Self.notForked(reason))] + askNext()
    }

    /// The process broke the protocol.
    mutating func violated() -> [Action] {
        switch state {
        case .importing, .ready:
            failure = Self.notForked("the template broke the protocol; it was killed")
            state = .killed
            return [.kill]
        case .absent, .unfit, .killed, .leaving, .gone:
            return []
        }
    }

    /// The kernel says that the process has gone.
    ///
    /// - Parameters:
    ///   - exit: How it ended.
    ///   - jitter: A random number in 0 … 1.
    ///   - now: The time.
    /// - Returns: What to do.
    mutating func ended(_ exit: ProcessExit, jitter: Double, at now: Instant) -> [Action] {
        switch state {
        case .unfit, .absent, .gone:
            return []
        case .leaving:
            state = .gone
            return []
        case .importing, .killed, .ready:
            break
        }
        var readySince: Instant?
        if case .ready(let since) = state { readySince = since }
        let failure =
            failure
            ?? StartupFailure(
                .ended,
                title: "the template ended",
                reason: "the process that workers are forked from ended with \(exit)",
                hint: "import the app's module with the same python to see why"
            )
        self.failure = failure
        let wait = backoff.wait(afterLife: readySince.map { now.since($0).duration } ?? .zero, jitter: jitter)
        // Before it has ever been ready nobody but a waiting worker has use for another.
        state = .absent(startAt: hasBeenReady ? now + Nanoseconds(wait) : nil)
        guard readySince != nil else { return failAll(failure) }
        // Those whose turn had not come lose nothing but time.
        defer { asked = nil }
        return (asked.map { [.fail($0, failure)] } ?? []) + (waiting.isEmpty ? [] : [.start])
    }

    /// The clock has reached ``deadline``; harmless when it has not.
    mutating func timePassed(at now: Instant) -> [Action] {
        guard let deadline, deadline <= now else { return [] }
        switch state {
        case .absent:
            return [.start]
        case .importing:
            failure = StartupFailure(
                .timedOut,
                title: "the app was not imported in time",
                reason: "importing the app took longer than \(startupTimeout.inSeconds) s",
                hint: "what starts a server or waits for ever belongs under: if __name__ == '__main__'; or a longer "
                    + "startup timeout, if the app needs the time"
            )
            state = .killed
            return [.kill]
        case .leaving:
            return [.kill]
        case .ready, .unfit, .killed, .gone:
            return []
        }
    }

    /// No worker will be wanted any more.
    mutating func retire(at now: Instant) -> [Action] {
        switch state {
        case .absent, .unfit:
            state = .gone
            return failAll(Self.notForked("the template is not needed any more"))
        case .ready:
            state = .leaving(killAt: now + Self.leavingPatience)
            return failAll(Self.notForked("the template is not needed any more")) + [.letGo]
        case .importing:
            // It would not look at its socket before it has imported the app.
            state = .leaving(killAt: now + Self.leavingPatience)
            return failAll(Self.notForked("the template is not needed any more")) + [.kill]
        case .killed:
            state = .leaving(killAt: now + Self.leavingPatience)
            return failAll(Self.notForked("the template is not needed any more"))
        case .leaving, .gone:
            return []
        }
    }

    private mutating func askNext() -> [Action] {
        guard case .ready = state, asked == nil, !waiting.isEmpty else { return [] }
        let next = waiting.removeFirst()
        asked = next
        return [.ask(next)]
    }

    private mutating func failAll(_ failure: StartupFailure) -> [Action] {
        let all = (asked.map { [$0] } ?? []) + waiting
        asked = nil
        waiting = []
        return all.map { .fail($0, failure) }
    }

    private static func notForked(_ reason: String) -> StartupFailure {
        StartupFailure(.notSpawned, title: "a worker could not be forked", reason: reason)
    }
}
