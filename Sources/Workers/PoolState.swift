internal import RequestQueue

/// Which of the pool's P positions have a worker, who is to take whose place, and when the pool gives up.
///
/// ```
///   position 0   current ◀── successor      one worker is replaced: recycled, or stuck
///   position 1   current
///   coming       [ seat 0, seat 1 ]         a reload: a whole generation, which takes over at once
///   leaving      { … }                      replaced, or no longer wanted: they finish what they have
/// ```
///
/// Two rules. *First start*: as long as no worker has ever been ready, a worker that cannot start ends the pool, for
/// then the mistake is most likely in the command or in the app, and whoever typed it is looking; once a worker has
/// served, failures are waited out ever longer. *Replacement first*: nobody who serves is sent away before another has
/// taken the place.
struct PoolState: Sendable {
    /// A place for one worker.
    enum Seat: Sendable, Equatable {
        /// A worker has it, in whatever state. May go to: waiting, empty.
        case filled(WorkerID)
        /// A worker is to be started then. May go to: filled, empty.
        case waiting(until: Instant)
        /// Nobody, and nobody will come, unless the pool starts. May go to: waiting, filled.
        case empty
    }

    /// One of the P positions.
    struct Position: Sendable, Equatable {
        /// Who serves here, or is to.
        var current: Seat
        /// Who is to take the place of one who could go on; nil unless that is wanted.
        var successor: Successor?
        /// Counts the short lives here.
        var backoff = Backoff()

        /// Creates a position.
        init(_ current: Seat) { self.current = current }
    }

    /// The replacement of one worker.
    struct Successor: Sendable, Equatable {
        var because: ReplacementReason
        var seat: Seat
        var backoff = Backoff()
    }

    /// A generation that has not taken over yet.
    struct Coming: Sendable, Equatable {
        var seats: [Seat]
        /// Those who could begin, and wait for the others.
        var prepared: Set<WorkerID> = []
        /// How many of them died while they waited.
        var losses = 0
    }

    /// Where a worker is wanted.
    struct Place: Sendable, Hashable {
        enum Role: Sendable, Hashable {
            /// Of the generation that serves.
            case current
            /// The replacement of one worker.
            case successor
            /// Of the generation that a reload brings.
            case coming
        }

        /// The position, from 0.
        var index: Int
        var role: Role
    }

    enum Phase: Sendable, Equatable {
        /// Not started yet. May go to: running, draining.
        case initial
        /// Workers that end are replaced. May go to: draining, failed.
        case running
        /// Workers that end are not replaced. Stays.
        case draining
        /// Given up. Stays.
        case failed(StartupFailure)
    }

    /// What the owner does after an event, in order.
    enum Action: Sendable, Equatable {
        /// Let it take requests.
        case open(WorkerID)
        /// Another has its place, or it is no longer wanted: let it finish what it has, then leave.
        case drain(WorkerID)
        /// It has never served and never will: end it.
        case end(WorkerID)
        /// Look again at ``nextStart``.
        case waitToReplace(for: Duration)
        /// A successor has taken the place of this worker.
        case replaced(WorkerID, because: ReplacementReason)
        /// The coming generation is the one that serves: what it is made with counts from now on.
        case generationChanged
        /// The new generation has taken over.
        case reloaded
        /// The new generation will not take over; the old one goes on.
        case reloadFailed(StartupFailure)
        /// End all workers and report.
        case fail(StartupFailure)
    }

    /// How many workers of a coming generation may die while they wait for the others: they have shown that they can
    /// start, so one such death is bad luck, and many are not.
    static let greatestLosses = 3

    var positions: [Position]
    var coming: Coming?
    /// Who has no place any more and has not ended yet.
    var leaving: Set<WorkerID> = []
    /// The worker that was recycled last, until it has ended.
    var recycled: WorkerID?
    var phase = Phase.initial
    /// Whether a worker has ever taken requests.
    private(set) var hasServed = false
    /// The number of the generation that serves, from 1.
    var generation = 1
    let replacesWorkers: Bool

    /// Creates the state of a pool of `processes` workers.
    ///
    /// - Parameters:
    ///   - processes: P; at least 1.
    ///   - replacesWorkers: Whether a dead worker is replaced. Not when it is not ours to start.
    init(processes: Int, replacesWorkers: Bool = true) {
        positions = Array(repeating: Position(.empty), count: max(processes, 1))
        self.replacesWorkers = replacesWorkers
    }

    /// Whether the pool has ended and nothing lives any more.
    var isOver: Bool {
        switch phase {
        case .initial, .running: false
        case .draining, .failed: leaving.isEmpty
        }
    }

    /// When ``due(at:)`` has something to say; nil when nobody waits.
    var nextStart: Instant? {
        seats.compactMap { if case .waiting(let until) = $0.seat { until } else { nil } }.min()
    }

    /// Where a worker has its place; nil when it has none (any more).
    func place(of worker: WorkerID) -> Place? {
        seats.first { $0.seat == .filled(worker) }?.place
    }

    /// Every seat there is.
    private var seats: [(place: Place, seat: Seat)] {
        var all: [(Place, Seat)] = []
        for (index, position) in positions.enumerated() {
            all.append((Place(index: index, role: .current), position.current))
            if let successor = position.successor {
                all.append((Place(index: index, role: .successor), successor.seat))
            }
        }
        for (index, seat) in (coming?.seats ?? []).enumerated() {
            all.append((Place(index: index, role: .coming), seat))
        }
        return all
    }

    /// Starts: every position wants a worker now.
    mutating func start(at now: Instant) {
        guard phase == .initial else { return }
        phase = .running
        for index in positions.indices { positions[index].current = .waiting(until: now) }
    }

    /// The places that are to get a worker now, those that serve before those that may.
    ///
    /// Each is to be answered with ``filled(_:with:)`` or ``notStarted(_:failure:jitter:at:)``; an answer may make
    /// others superfluous, see ``isDue(_:at:)``.
    func due(at now: Instant) -> [Place] {
        seats.map(\.place).filter { isDue($0, at: now) }
    }

    /// Whether this place is to get a worker now.
    func isDue(_ place: Place, at now: Instant) -> Bool {
        if case .waiting(let until) = seat(at: place) { until <= now } else { false }
    }

    /// A process was started for a place.
    mutating func filled(_ place: Place, with worker: WorkerID) {
        setSeat(at: place, .filled(worker))
    }

    /// A worker takes requests: the first start has succeeded.
    mutating func served() {
        hasServed = true
    }

    func seat(at place: Place) -> Seat? {
        switch place.role {
        case .current: positions.indices.contains(place.index) ? positions[place.index].current : nil
        case .successor: positions.indices.contains(place.index) ? positions[place.index].successor?.seat : nil
        case .coming:
            coming.flatMap { $0.seats.indices.contains(place.index) ? $0.seats[place.index] : nil }
        }
    }

    mutating func setSeat(at place: Place, _ seat: Seat) {
        // Nothing there: the place has gone meanwhile.
        guard self.seat(at: place) != nil else { return }
        switch place.role {
        case .current: positions[place.index].current = seat
        case .successor: positions[place.index].successor?.seat = seat
        case .coming: coming?.seats[place.index] = seat
        }
    }

    /// Takes the worker out of a seat; nil when there was none.
    mutating func dismiss(_ seat: Seat?) -> WorkerID? {
        guard case .filled(let worker) = seat else { return nil }
        leaving.insert(worker)
        return worker
    }

    /// Forgets all places: those who live stay until they end, and nobody is waited for.
    private mutating func empty() {
        for seat in seats { _ = dismiss(seat.seat) }
        for index in positions.indices { positions[index] = Position(.empty) }
        coming = nil
    }

    /// Nobody is replaced from now on.
    ///
    /// The owner drains all workers there are.
    mutating func drain() -> [Action] {
        guard phase == .initial || phase == .running else { return [] }
        let failure = StartupFailure(.draining, title: "nothing was reloaded", reason: "the server drains")
        let actions: [Action] = coming == nil ? [] : [.reloadFailed(failure)]
        phase = .draining
        empty()
        return actions
    }

    /// The pool gives up.
    mutating func fail(_ failure: StartupFailure) -> [Action] {
        let actions: [Action] = coming == nil ? [] : [.reloadFailed(failure)]
        phase = .failed(failure)
        empty()
        return actions + [.fail(failure)]
    }
}
