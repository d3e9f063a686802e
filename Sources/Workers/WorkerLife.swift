internal import RequestQueue
internal import WorkerLink

/// The life of one worker process, from its start to its end: what it may do now, and what to do about what happens.
///
/// ```
/// starting ──▶ warmingUp ──▶ standingBy ──▶ ready ──▶ draining ──▶ stopping ──▶ terminating
///    │            │              │            │          │            │             │
///    └────────────┴──────────────┴────────────┴──────────┴────────────┴─────────────┴──▶ killed ──▶ dead
/// ```
///
/// Standing by is where a successor waits for its turn; a worker whose place is empty is opened at once.
///
/// Every state may also go to `dead` directly: a process can end at any moment. No clock is read here; the owner says
/// what time it is.
struct WorkerLife: Sendable, Equatable {
    enum State: Sendable, Equatable {
        /// The process exists and imports the app. May go to: warmingUp, standingBy, terminating, killed, dead.
        case starting(deadline: Instant)
        /// It imported the app and has one request, alone. May go to: standingBy, terminating, killed, dead.
        case warmingUp(deadline: Instant)
        /// It could take requests, and waits to be told. May go to: ready, stopping, killed, dead.
        case standingBy
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

        /// The earlier of each.
        func orSooner(_ other: Deadlines) -> Deadlines {
            var sooner = self
            sooner.terminateAt = min(terminateAt, other.terminateAt)
            sooner.killAt = min(killAt, other.killAt)
            return sooner
        }
    }

    /// What the owner does after an event.
    enum Action: Sendable, Equatable {
        /// Nothing to do.
        case none
        /// Have one request answered by this worker alone.
        case warmUp
        /// It could take requests: find out whether it may.
        case prepared
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
    /// When it began to take requests; nil before that.
    private(set) var readySince: Instant?
    private(set) var reason: EndReason?
    private(set) var failure: StartupFailure?
    private let startupTimeout: Nanoseconds
    /// How long it has to leave once it is idle; nil for what is left of its drain.
    private var leavingTime: Nanoseconds?

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
        case .standingBy, .ready, .killed, .dead: nil
        }
    }

    /// The worker says that it has imported the app.
    mutating func reportedReady(warmsUp: Bool) -> Action {
        switch state {
        case .starting(let deadline):
            guard warmsUp else { return standBy() }
            state = .warmingUp(deadline: deadline)
            return .warmUp
        case .warmingUp, .standingBy, .ready, .draining, .stopping:
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
        case .standingBy, .ready, .draining, .stopping:
            return kill(because: .protocolViolation(.unexpectedFrame))
        case .terminating, .killed, .dead:
            return .none
        }
    }

    /// The app has failed in it, beside its requests, before it took any.
    mutating func broke(_ failure: StartupFailure) -> Action {
        switch state {
        case .warmingUp, .standingBy:
            self.failure = failure
            return kill(because: .failedToStart)
        case .starting:
            // It has nothing yet that could fail.
            return kill(because: .protocolViolation(.unexpectedFrame))
        case .ready, .draining, .stopping, .terminating, .killed, .dead:
            return .none
        }
    }

    /// The warm-up request has got an answer, or will not get one.
    mutating func warmedUp(isAnswered: Bool) -> Action {
        guard case .warmingUp = state else { return .none }
        guard !isAnswered else { return standBy() }
        failure = StartupFailure(
            .noAnswer,
            title: "the warm-up request got no answer",
            reason: "the app was imported, but its first request broke off"
        )
        return kill(because: .failedToStart)
    }

    /// The worker may take requests.
    mutating func opened(at now: Instant) -> Action {
        guard state == .standingBy else { return .none }
        readySince = now
        state = .ready(since: now)
        return .open
    }

    /// The worker is to leave: at once when it `isIdle`, else when ``becameIdle(at:)`` is called.
    ///
    /// Said again, it can only hurry the worker.
    ///
    /// - Parameters:
    ///   - isIdle: Whether no request is in it.
    ///   - interval: How long it may take in all.
    ///   - leaving: How long its exit handlers may take, from when it is idle; nil for what is left of `interval`.
    ///   - now: What time it is.
    /// - Returns: What to do now.
    mutating func drain(
        isIdle: Bool,
        within interval: Nanoseconds,
        leaving: Nanoseconds? = nil,
        at now: Instant
    ) -> Action {
        let until = Deadlines(from: now, within: isIdle ? leaving ?? interval : interval)
        leavingTime = leaving
        switch state {
        case .starting, .warmingUp:
            // It has nothing to finish.
            reason = .drained
            state = .terminating(killAt: min(until.killAt, now + .seconds(1)))
            return .terminate
        case .standingBy, .ready:
            reason = .drained
            state = isIdle ? .stopping(until: until) : .draining(until: until)
            return isIdle ? .askToStop : .none
        case .draining(let before):
            state = .draining(until: until.orSooner(before))
            return .none
        case .stopping(let before):
            state = .stopping(until: until.orSooner(before))
            return .none
        case .terminating(let killAt):
            state = .terminating(killAt: min(killAt, until.killAt))
            return .none
        case .killed, .dead:
            return .none
        }
    }

    /// The last of its requests is answered.
    mutating func becameIdle(at now: Instant) -> Action {
        guard case .draining(let until) = state else { return .none }
        state = .stopping(until: leavingTime.map { Deadlines(from: now, within: $0) } ?? until)
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
                    : "importing the app and its own start-up took longer than \(startupTimeout.inSeconds) s",
                hint: isWarmingUp
                    ? "another --warm-up path, or none; or a longer startup timeout, if the app needs the time"
                    : "what starts a server or waits for ever belongs under: if __name__ == '__main__'; or a longer "
                        + "startup timeout, if the app needs the time"
            )
            return kill(because: .failedToStart)
        case .draining(let until), .stopping(let until):
            reason = .drainTimeout
            state = .terminating(killAt: until.killAt)
            return .terminate
        case .terminating:
            return kill(because: .drainTimeout)
        case .standingBy, .ready, .killed, .dead:
            return .none
        }
    }

    /// The worker must go now.
    mutating func kill(because reason: EndReason) -> Action {
        switch state {
        case .starting, .warmingUp, .standingBy, .ready, .draining, .stopping, .terminating:
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
                    hint: endHint(exit)
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

    /// What to do about a process that ended before it had said anything.
    private func endHint(_ exit: ProcessExit) -> String {
        if reason == .doorbellClosed {
            return "check that the app leaves the descriptors 3, 4 and 5 alone: what makes a daemon closes them"
        }
        if exit == .exited(status: 0) {
            return "the app ended the process itself: what makes a daemon, or calls os._exit, belongs under: "
                + "if __name__ == '__main__'"
        }
        return "import the app's module with the same python to see why"
    }

    private mutating func standBy() -> Action {
        state = .standingBy
        return .prepared
    }

    private var isWarmingUp: Bool {
        if case .warmingUp = state { true } else { false }
    }
}
