internal import RequestQueue

/// How long one request may run, and what happens when it runs longer.
///
/// ```
/// running ──limit──▶ interrupted ──grace──▶ stuck
/// ```
///
/// From each state the request may end. No clock is read here: the owner looks now and then and says what time it is.
struct RunningDeadline: Sendable, Equatable {
    enum State: Sendable, Equatable {
        /// Within its limit. May go to interrupted.
        case running
        /// Its client has been answered, and its thread was interrupted. May go to stuck.
        case interrupted(at: Instant)
        /// Its thread has not come back. Goes nowhere.
        case stuck(since: Instant)
    }

    /// What the owner does after a look.
    enum Action: Sendable, Equatable {
        /// Nothing to do.
        case none
        /// Answer the client and interrupt the thread.
        case interrupt
        /// The thread does not come back: look at its worker.
        case declareStuck
    }

    /// How far the app may put off a deadline, from when the request began to run.
    static let longestRun = Nanoseconds.seconds(86_400)

    /// The longest run; zero for no limit.
    var limit = Nanoseconds.zero
    private(set) var state = State.running

    /// Whether the thread is taken to be lost.
    var isStuck: Bool { if case .stuck = state { true } else { false } }

    /// When the run is over, as the app wishes it within ``longestRun``; the app can only put it off.
    ///
    /// - Parameters:
    ///   - start: When a thread took the request.
    ///   - extended: Until when the app asked to be let work, in nanoseconds of the same clock.
    /// - Returns: The instant from which on it is interrupted.
    func end(from start: Instant, extended: UInt64?) -> Instant {
        let end = start + limit
        guard let extended else { return end }
        return max(end, min(Instant(nanoseconds: extended), start + max(limit, Self.longestRun)))
    }

    /// Looks at a request that runs.
    mutating func look(from start: Instant, extended: UInt64?, grace: Nanoseconds, at now: Instant) -> Action {
        switch state {
        case .running:
            guard limit > .zero, end(from: start, extended: extended) <= now else { return .none }
            state = .interrupted(at: now)
            return .interrupt
        case .interrupted(let at):
            guard now.since(at) >= grace else { return .none }
            state = .stuck(since: now)
            return .declareStuck
        case .stuck:
            return .none
        }
    }
}
