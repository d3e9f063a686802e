public import RequestQueue

/// Sessions that are seen no more, and seats.
extension SessionTable {
    /// Lets time pass for the sessions.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - most: How many sessions are dealt with; the rest has time.
    public mutating func expire(at now: Instant, atMost most: Int = .max) {
        var left = most
        while left > 0, case let index = present.oldest, index != SessionSlab.none,
            now.since(slab[index].seenAt) >= policy.presence
        {
            unlist(index)
            unseat(index)
            relist(index, as: .remembered)
            left -= 1
        }
        while left > 0, case let index = newcomers.oldest, index != SessionSlab.none,
            now.since(slab[index].seenAt) >= policy.provisional
        {
            unlist(index)
            relist(index, as: .unclaimed)
            left -= 1
        }
        while left > 0, case let index = unclaimed.oldest, index != SessionSlab.none,
            now.since(slab[index].seenAt) >= policy.newcomer
        {
            forget(index)
            left -= 1
        }
        while left > 0, case let index = remembered.oldest, index != SessionSlab.none,
            now.since(slab[index].seenAt) >= policy.presence + policy.memory
        {
            forget(index)
            left -= 1
        }
    }

    /// Forgets the session that is missed least, if there is one that holds no WebSocket.
    mutating func forgetLeastRecent() -> Bool {
        for list in [unclaimed, newcomers, remembered, present] where list.oldest != SessionSlab.none {
            forget(list.oldest)
            return true
        }
        return false
    }

    private mutating func forget(_ index: Int32) {
        unlist(index)
        unsettle(index)
        places[slab[index].session] = nil
        slab.free(index)
    }

    // MARK: Seats

    /// Returns whether there is a seat for a session, on its worker or, where no WebSocket holds it, on another, and lets it
    /// have that: as long as it holds a WebSocket or is seen every now and then.
    ///
    /// - Parameters:
    ///   - session: The session.
    ///   - takes: Whether it takes the seat, or only wants to know.
    /// - Returns: Whether there is one.
    public mutating func admits(_ session: SessionID, takes: Bool = true) -> Bool {
        // Without a worker it waits in the request queue like all others.
        guard policy.seatsPerWorker > 0, workers.contains(where: { !$0.isLeaving }) else { return true }
        guard let index = places[session], let worker = slab[index].worker else { return hasSeat }
        if slab[index].isSeated { return true }
        if !hasSeat(on: worker) {
            guard slab[index].sockets == 0, let other = leastLoaded, hasSeat(on: other) else { return false }
            if takes {
                unsettle(index)
                settle(index, on: other)
            }
        }
        if takes { seat(index) }
        return true
    }

    private var hasSeat: Bool { workers.contains { hasSeat(on: $0.id) } }

    private func hasSeat(on worker: WorkerID) -> Bool {
        index(of: worker).map { !workers[$0].isLeaving && workers[$0].seated < policy.seatsPerWorker } ?? false
    }
}
