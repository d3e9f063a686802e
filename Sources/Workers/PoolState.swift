internal import RequestQueue

/// Which of the pool's P positions have a worker, which wait to get one, and when the pool gives up.
///
/// The rule of the first start: as long as no worker has ever been ready, a worker that cannot start ends the pool, for
/// then the mistake is most likely in the command or in the app, and whoever typed it is looking. Once a worker has
/// served, failures are waited out: the others go on serving.
struct PoolState: Sendable {
    /// One of the P places for a worker.
    enum Position: Sendable, Equatable {
        /// A worker lives here, in whatever state. May go to: waiting, empty.
        case filled(WorkerID)
        /// A worker is to be started then. May go to: filled, empty.
        case waiting(until: Instant)
        /// Nobody, and nobody will come, unless the pool starts. May go to: waiting, filled.
        case empty
    }

    enum Phase: Sendable, Equatable {
        /// Not started yet. May go to: running.
        case initial
        /// Workers that end are replaced. May go to: draining, failed.
        case running
        /// Workers that end are not replaced. Stays.
        case draining
        /// Given up. Stays.
        case failed(StartupFailure)
    }

    /// What the owner does after a death.
    enum Action: Sendable, Equatable {
        /// Nothing.
        case none
        /// Look again at ``nextStart``.
        case waitToReplace(for: Duration)
        /// End all workers and report.
        case fail(StartupFailure)
    }

    private(set) var positions: [Position]
    private(set) var phase = Phase.initial
    private(set) var hasServed = false
    private var backoffs: [Backoff]
    private let replacesWorkers: Bool

    /// Creates the state of a pool of `processes` workers.
    ///
    /// - Parameters:
    ///   - processes: P; at least 1.
    ///   - replacesWorkers: Whether a dead worker is replaced. Not when it is not ours to start.
    init(processes: Int, replacesWorkers: Bool = true) {
        positions = Array(repeating: .empty, count: max(processes, 1))
        backoffs = Array(repeating: Backoff(), count: max(processes, 1))
        self.replacesWorkers = replacesWorkers
    }

    /// Whether the pool has ended and nothing lives any more.
    var isOver: Bool {
        switch phase {
        case .initial, .running: false
        case .draining, .failed: positions.allSatisfy { $0 == .empty }
        }
    }

    /// When ``due(at:)`` has something to say; nil when nobody waits.
    var nextStart: Instant? {
        positions.compactMap { if case .waiting(let until) = $0 { until } else { nil } }.min()
    }

    /// Starts: every position wants a worker now.
    mutating func start(at now: Instant) {
        guard phase == .initial else { return }
        phase = .running
        for index in positions.indices { positions[index] = .waiting(until: now) }
    }

    /// The positions that are to get a worker now.
    ///
    /// Each is to be answered with ``filled(_:with:)`` or ``notStarted(_:failure:jitter:at:)``.
    func due(at now: Instant) -> [Int] {
        positions.indices.filter { if case .waiting(let until) = positions[$0] { until <= now } else { false } }
    }

    /// A process was started at position `index`.
    mutating func filled(_ index: Int, with worker: WorkerID) {
        positions[index] = .filled(worker)
    }

    /// No process could be started at position `index`.
    mutating func notStarted(_ index: Int, failure: StartupFailure, jitter: Double, at now: Instant) -> Action {
        vacate(index, failure: failure, served: nil, reason: nil, jitter: jitter, at: now)
    }

    /// A worker takes requests: the first start has succeeded.
    mutating func served() {
        hasServed = true
    }

    /// The worker at position `index` has ended.
    mutating func ended(_ index: Int, _ death: WorkerDeath, jitter: Double, at now: Instant) -> Action {
        vacate(index, failure: death.failure, served: death.served, reason: death.reason, jitter: jitter, at: now)
    }

    /// Nobody is replaced from now on.
    mutating func drain() {
        guard phase == .initial || phase == .running else { return }
        phase = .draining
        empty()
    }

    private mutating func vacate(
        _ index: Int,
        failure: StartupFailure?,
        served: Duration?,
        reason: EndReason?,
        jitter: Double,
        at now: Instant
    ) -> Action {
        guard positions.indices.contains(index) else { return .none }
        positions[index] = .empty
        guard phase == .running else { return .none }
        guard replacesWorkers else {
            return fail(
                failure
                    ?? StartupFailure(
                        .peerGone,
                        title: reason == nil
                            ? "the process that called roost.serve has gone"
                            : "the process that called roost.serve was let go",
                        reason: (reason.map { "\($0.shortName); " } ?? "") + "it cannot be replaced"
                    )
            )
        }
        if let failure, !hasServed { return fail(failure) }
        let wait = backoffs[index].wait(afterLife: served ?? .zero, jitter: jitter)
        positions[index] = .waiting(until: now + Nanoseconds(wait))
        return .waitToReplace(for: wait)
    }

    private mutating func fail(_ failure: StartupFailure) -> Action {
        phase = .failed(failure)
        empty()
        return .fail(failure)
    }

    /// Forgets who is waited for; those who live stay until they end.
    private mutating func empty() {
        for index in positions.indices {
            if case .waiting = positions[index] { positions[index] = .empty }
        }
    }
}
