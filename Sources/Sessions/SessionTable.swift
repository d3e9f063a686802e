public import RequestQueue

/// Which worker keeps which browser's state.
///
/// A value confined to its owner's loop. A session goes to the worker that has the least to do with sessions, and stays
/// there until the worker goes: one that leaves keeps those that hold a WebSocket on it, and all others move when they are
/// next seen.
///
/// ```
///   place ──▶ newcomer ──▶ present ◀──────▶ remembered ──▶ forgotten
///                 │         ▲  ▲ │              │
///                 ▼         │  │ ▼              ▼
///             unclaimed ────┘ connected      (seen again: present)
///                 │
///                 ▼
///             forgotten
/// ```
///
/// What a worker has to do with sessions is the number of those that are present or connected. Newcomers count a little of
/// that each, and for a short time: most are browsers, which are about to be present, but some are requests that a browser
/// sends without its cookies.
///
/// Every session is in one list for its state, ordered by when it was seen; those that hold WebSockets are in none, for they
/// do not age. So all of it is O(1), but for what looks at every worker.
public struct SessionTable: Sendable {
    /// How many sessions there may be, and how long they last.
    public let policy: SessionPolicy

    /// Sessions that were given another worker because theirs had ended.
    public internal(set) var movedFromEnded: UInt64 = 0
    /// Sessions that were given another worker because theirs was leaving.
    public internal(set) var movedFromLeaving: UInt64 = 0

    var places: [SessionID: Int32] = [:]
    var slab = SessionSlab()
    var newcomers = AgeList()
    var unclaimed = AgeList()
    var present = AgeList()
    var remembered = AgeList()
    var workers: [WorkerLoad] = []

    /// Creates a table without sessions and workers.
    public init(policy: SessionPolicy = SessionPolicy()) {
        self.policy = policy
    }

    /// How many sessions are known.
    public var count: Int { places.count }

    /// Returns the worker of a session, as things stand; nil where it has none.
    public func worker(of session: SessionID) -> WorkerID? {
        places[session].flatMap { slab[$0].worker }
    }

    /// Returns how many WebSockets a session holds.
    public func sockets(of session: SessionID) -> Int {
        places[session].map { slab[$0].sockets } ?? 0
    }

    /// Returns the worker that a session is to go to, and takes note that it was seen.
    ///
    /// - Parameters:
    ///   - session: The session; one that is not known is given a worker.
    ///   - isNew: Whether it was given its name just now, so that it is not known yet whether it will use it.
    ///   - preferred: The worker for it, if it has none and that one takes sessions.
    ///   - now: When it was seen.
    /// - Returns: Its worker; nil when no worker takes sessions and it has none.
    public mutating func place(
        _ session: SessionID,
        isNew: Bool = false,
        preferring preferred: WorkerID? = nil,
        at now: Instant
    ) -> WorkerID? {
        expire(at: now, atMost: 4)
        guard let index = places[session] else {
            guard let worker = preferred.flatMap({ isOpen($0) ? $0 : nil }) ?? leastLoaded else { return nil }
            // With no room for another, it goes where it should, but nobody will know.
            guard places.count < policy.capacity || forgetLeastRecent() else { return worker }
            let index = slab.take(session)
            places[session] = index
            settle(index, on: worker)
            list(index, as: isNew ? .newcomer : .present, at: now)
            return worker
        }
        if slab[index].sockets == 0 {
            unlist(index)
            list(index, as: .present, at: now)
        }
        return keepOrMove(index, preferring: preferred)
    }

    /// Returns the worker of a session that was there before, which is another if its own has ended, or leaves and is held by
    /// no WebSocket.
    private mutating func keepOrMove(_ index: Int32, preferring preferred: WorkerID?) -> WorkerID? {
        if let worker = slab[index].worker {
            guard slab[index].sockets == 0, !isOpen(worker), let other = leastLoaded else { return worker }
            unsettle(index)
            settle(index, on: other)
            movedFromLeaving &+= 1
            return other
        }
        guard let other = preferred.flatMap({ isOpen($0) ? $0 : nil }) ?? leastLoaded else { return nil }
        settle(index, on: other)
        movedFromEnded &+= 1
        return other
    }

    // MARK: WebSockets

    /// Takes note that a session holds a WebSocket more on a worker.
    ///
    /// Where it was given to another meanwhile, it goes back to this one: here is its state.
    public mutating func socketOpened(_ session: SessionID, on worker: WorkerID, at now: Instant) {
        guard let index = places[session], self.index(of: worker) != nil else { return }
        if slab[index].worker != worker {
            guard slab[index].sockets == 0 else { return }
            unsettle(index)
            settle(index, on: worker)
        }
        if slab[index].sockets == 0 { unlist(index) }
        slab[index].sockets += 1
        load(of: index) { $0.sockets += 1 }
        seat(index)
    }

    /// Takes note that a session's WebSocket on a worker is closed.
    public mutating func socketClosed(_ session: SessionID, on worker: WorkerID, at now: Instant) {
        guard let index = places[session], slab[index].worker == worker, slab[index].sockets > 0 else { return }
        slab[index].sockets -= 1
        load(of: index) { $0.sockets -= 1 }
        if slab[index].sockets == 0 { list(index, as: .present, at: now) }
    }
}
