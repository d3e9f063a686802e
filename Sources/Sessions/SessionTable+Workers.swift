public import RequestQueue

/// What a worker has to do with sessions.
struct WorkerLoad: Sendable {
    let id: WorkerID
    var isLeaving = false
    /// WebSockets that sessions hold here.
    var sockets = 0
    /// Sessions that were seen lately and hold no WebSocket.
    var present = 0
    /// Sessions that were given their name a moment ago and have not used it yet.
    var newcomers = 0
    /// Sessions that have a seat here.
    var seated = 0

    var total: Int { sockets + present }
}

extension SessionTable {
    /// Lets a worker take sessions.
    public mutating func add(_ worker: WorkerID) {
        if index(of: worker) == nil { workers.append(WorkerLoad(id: worker)) }
    }

    /// Gives a worker no new sessions; those that hold a WebSocket on it stay.
    public mutating func leave(_ worker: WorkerID) {
        if let index = index(of: worker) { workers[index].isLeaving = true }
    }

    /// Takes a worker out that has ended: its sessions have no worker until they are seen again.
    ///
    /// - Complexity: O(number of sessions).
    public mutating func remove(_ worker: WorkerID, at now: Instant) {
        guard let place = index(of: worker) else { return }
        for index in slab.entries.indices.map({ Int32(truncatingIfNeeded: $0) }) where slab[index].worker == worker {
            if slab[index].sockets > 0 {
                slab[index].sockets = 0
                list(index, as: .present, at: now)
            }
            unsettle(index)
        }
        workers.remove(at: place)
    }

    /// Returns how many sessions a worker has, open WebSockets and those seen lately, newcomers aside; nil for an unknown
    /// worker.
    public func sessions(of worker: WorkerID) -> Int? {
        index(of: worker).map { workers[$0].total }
    }

    /// Returns whether sessions hold WebSockets on a worker.
    public func holdsSockets(_ worker: WorkerID) -> Bool {
        index(of: worker).map { workers[$0].sockets > 0 } ?? false
    }

    func isOpen(_ worker: WorkerID) -> Bool {
        index(of: worker).map { !workers[$0].isLeaving } ?? false
    }

    func index(of worker: WorkerID) -> Int? {
        workers.firstIndex { $0.id == worker }
    }

    /// The worker for a new session: of those that stay, one with a seat if there is any, then the one with the fewest
    /// sessions, of which newcomers are a part each, then the first.
    var leastLoaded: WorkerID? {
        workers.filter { !$0.isLeaving }.min { rank($0) < rank($1) }?.id
    }

    private func rank(_ worker: WorkerLoad) -> (Int, Int) {
        let isFull = policy.seatsPerWorker > 0 && worker.seated >= policy.seatsPerWorker
        return (isFull ? 1 : 0, worker.total * policy.provisionalPerSession + worker.newcomers)
    }

    // MARK: Bookkeeping

    /// Gives a session that has none a worker.
    mutating func settle(_ index: Int32, on worker: WorkerID) {
        slab[index].worker = worker
        count(index, by: 1)
    }

    /// Takes a session's worker, and its seat there, away.
    mutating func unsettle(_ index: Int32) {
        count(index, by: -1)
        unseat(index)
        slab[index].worker = nil
    }

    /// Gives a session a seat at its worker, whether there is one or not.
    mutating func seat(_ index: Int32) {
        guard policy.seatsPerWorker > 0, slab[index].worker != nil, !slab[index].isSeated else { return }
        slab[index].isSeated = true
        load(of: index) { $0.seated += 1 }
    }

    mutating func unseat(_ index: Int32) {
        guard slab[index].isSeated else { return }
        slab[index].isSeated = false
        load(of: index) { $0.seated -= 1 }
    }

    /// Changes the counts of the worker of a session.
    mutating func load(of index: Int32, _ change: (inout WorkerLoad) -> Void) {
        guard let worker = slab[index].worker, let place = self.index(of: worker) else { return }
        change(&workers[place])
    }

    /// Counts a session that holds no WebSocket at its worker, or no longer, as far as its state counts.
    private mutating func count(_ index: Int32, by change: Int) {
        switch slab[index].state {
        case .newcomer: load(of: index) { $0.newcomers += change }
        case .present: load(of: index) { $0.present += change }
        case .unclaimed, .remembered, .unlisted: break
        }
    }

    /// Puts a session that is in no list into one.
    mutating func list(_ index: Int32, as state: SessionSlab.State, at now: Instant) {
        slab[index].seenAt = now
        relist(index, as: state)
    }

    /// Puts a session that is in no list into one, without having seen it.
    mutating func relist(_ index: Int32, as state: SessionSlab.State) {
        slab[index].state = state
        switch state {
        case .newcomer: newcomers.append(index, in: &slab)
        case .unclaimed: unclaimed.append(index, in: &slab)
        case .present: present.append(index, in: &slab)
        case .remembered: remembered.append(index, in: &slab)
        case .unlisted: break
        }
        count(index, by: 1)
    }

    /// Takes a session out of its list.
    mutating func unlist(_ index: Int32) {
        count(index, by: -1)
        switch slab[index].state {
        case .newcomer: newcomers.remove(index, in: &slab)
        case .unclaimed: unclaimed.remove(index, in: &slab)
        case .present: present.remove(index, in: &slab)
        case .remembered: remembered.remove(index, in: &slab)
        case .unlisted: break
        }
        slab[index].state = .unlisted
    }
}
