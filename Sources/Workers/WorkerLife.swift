internal import RequestQueue
internal import WorkerLink

/// The life of one worker process, from its start to its end: what it may do now, and what to do about what happens.
///
/// ```
/// starting ──▶ warmingUp ──▶ ready ──▶ draining ──▶ stopping ──▶ terminating
///    │            │            │          │            │             │
///    └────────────┴────────────┴──────────┴────────────┴─────────────┴──▶ killed ──▶ dead
/// ```
///
/// Every state may also go to `dead` directly: a process can end at any moment. No clock is read here; the owner says
/// what time it is.
struct WorkerLife: Sendable, Equatable {
    enum State: Sendable, Equatable {
        /// The process exists and imports the app. May go to: warmingUp, ready, terminating, killed, dead.
        case starting(deadline: Instant)
        /// It imported the app and has one request, alone. May go to: ready, terminating, killed, dead.
        case warmingUp(deadline: Instant)
        /// It takes requests. May go to: draining, stopping, killed, dead.
        case ready(since: Instant)
        /// It gets no more requests and finishes those it has. May go to: stopping, terminating, killed, dead.
        case draining(until: Deadlines)
        /// It has finished and was asked to leave. May go to: terminating, killed, dead.
        case stopping(until: Deadlines)
        /// It was sent SIGTERM. May go to: killed, dead.
        case terminating(killAt: Instant)
        /// It was sent SIGKILL; the kernel will tell when it is gone. May go to: dead.
        case killed
        /// It has gone. The end.
        case dead
    }

    /// When patience with a worker that was asked to leave ends.
    struct Deadlines: Sendable, Equatable {
        /// SIGTERM is sent then.
        var terminateAt: Instant
        /// SIGKILL is sent then.
        var killAt: Instant

        /// Creates the deadlines of a drain that has `interval` in all.
        ///
        /// The last tenth, at most a second, is what is left between SIGTERM and SIGKILL.
        init(from now: Instant, within interval: Nanoseconds) {
            let last = min(Nanoseconds(interval.count / 10), .seconds(1))
            terminateAt = now + (interval - last)
            killAt = now + interval
        }
    }

    /// What the owner does after an event.
    enum Action: Sendable, Equatable {
        /// Nothing to do.
        case none
        /// Have one request answered by this worker alone.
        case warmUp
        /// Let it take requests.
        case open
        /// Ask it to leave, over the link.
        case askToStop
        /// Send SIGTERM.
        case terminate
        /// Send SIGKILL.
        case kill
        /// Report this death.
        case bury(WorkerDeath)
    }

    private(set) var state: State
    private(set) var reason: EndReason?
    private(set) var failure: StartupFailure?
    private var readySince: Instant?
    private let startupTimeout: Nanoseconds

    /// Creates the life of a process that was started at `now` and must be ready within `startupTimeout`.
    init(startedAt now: Instant, startupTimeout: Nanoseconds) {
        self.startupTimeout = startupTimeout
        state = .starting(deadline: now + startupTimeout)
    }

    /// When ``timePassed(at:)`` is to be called; nil when nothing is waited for.
    var deadline: Instant? {
        switch state {
        case .starting(let deadline), .warmingUp(let deadline): deadline
        case .draining(let until), .stopping(let until): until.terminateAt
        case .terminating(let killAt): killAt
        case .ready, .killed, .dead: nil
        }
    }

    /// The worker says that it has imported the app.
    mutating func reportedReady(warmsUp: Bool, at now: Instant) -> Action {
        switch state {
        case .starting(let deadline):
            guard warmsUp else { return open(at: now) }
            state = .warmingUp(deadline: deadline)
            return .warmUp
        case .warmingUp, .ready, .draining, .stopping:
            // Said twice.
            return kill(because: .protocolViolation(.unexpectedFrame))
        case .terminating, .killed, .dead:
            return .none
        }
    }

    /// The worker says that it cannot load the app.
    mutating func reportedFailure(_ failure: StartupFailure) -> Action {
        switch state {
        case .starting, .warmingUp:
            self.failure = failure
            return kill(because: .failedToStart)
        case .ready, .draining, .stopping:
            return kill(because: .protocolViolation(.unexpectedFrame))
        case .terminating, .killed, .dead:
            return .none
        }
    }

    /// The warm-up request has got an answer, or will not get one.
    mutating func warmedUp(isAnswered: Bool, at now: Instant) -> Action {
        guard case .warmingUp = state else { return .none }
        guard !isAnswered else { return open(at: now) }
        failure = StartupFailure(
            .noAnswer,
            title: "the warm-up request got no answer",
            reason: "the app was imported, but its first request broke off"
        )
        return kill(because: .failedToStart)
    }

    /// The worker is to leave: at once when it `isIdle`, else when ``becameIdle()`` is called.
    mutating func drain(isIdle: Bool, within interval: Nanoseconds, at now: Instant) -> Action {
        let until = Deadlines(from: now, within: interval)
        switch state {
        case .starting, .warmingUp:
            // It has nothing to finish.
            reason = .drained
            state = .terminating(killAt: min(until.killAt, now + .seconds(1)))
            return .terminate
        case .ready:
            reason = .drained
            state = isIdle ? .stopping(until: until) : .draining(until: until)
            return isIdle ? .askToStop : .none
        case .draining, .stopping, .terminating, .killed, .dead:
            return .none
        }
    }

    /// The last of its requests is answered.
    mutating func becameIdle() -> Action {
        guard case .draining(let until) = state else { return .none }
        state = .stopping(until: until)
        return .askToStop
    }

    /// The clock has reached ``deadline``; harmless when it has not.
    mutating func timePassed(at now: Instant) -> Action {
        guard let deadline, deadline <= now else { return .none }
        switch state {
        case .starting, .warmingUp:
            failure = StartupFailure(
                .timedOut,
                title: "a worker was not ready in time",
                reason: isWarmingUp
                    ? "the app was imported, but its first request was not answered within \(startupTimeout.inSeconds) s"
                    : "importing the app took longer than \(startupTimeout.inSeconds) s",
                hint: "a longer startup timeout, if the app needs the time"
            )
            return kill(because: .failedToStart)
        case .draining(let until), .stopping(let until):
            reason = .drainTimeout
            state = .terminating(killAt: until.killAt)
            return .terminate
        case .terminating:
            return kill(because: .drainTimeout)
        case .ready, .killed, .dead:
            return .none
        }
    }

    /// The worker must go now.
    mutating func kill(because reason: EndReason) -> Action {
        switch state {
        case .starting, .warmingUp, .ready, .draining, .stopping, .terminating:
            self.reason = reason
            state = .killed
            return .kill
        case .killed, .dead:
            return .none
        }
    }

    /// The kernel says that the process has gone.
    mutating func ended(_ exit: ProcessExit, at now: Instant) -> Action {
        guard state != .dead else { return .none }
        state = .dead
        if readySince == nil, failure == nil {
            switch reason {
            case nil, .failedToStart, .doorbellClosed, .drainTimeout, .stuck:
                failure = StartupFailure(
                    .ended,
                    title: "a worker ended before it was ready",
                    reason: "its process ended with \(exit)",
                    hint: "import the app's module with the same python to see why"
                )
            case .protocolViolation(let violation):
                failure = StartupFailure(
                    .ended,
                    title: "a worker broke the protocol before it was ready",
                    reason: "\(violation.rawValue); it was killed",
                    hint: "check that the app leaves the descriptors 3, 4 and 5 alone"
                )
            case .drained, .poolFailed:
                break
            }
        }
        return .bury(
            WorkerDeath(exit: exit, reason: reason, served: readySince.map { now.since($0).duration }, failure: failure)
        )
    }

    private mutating func open(at now: Instant) -> Action {
        readySince = now
        state = .ready(since: now)
        return .open
    }

    private var isWarmingUp: Bool {
        if case .warmingUp = state { true } else { false }
    }
}
