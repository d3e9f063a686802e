extension RequestQueue {
    /// Adds a worker whose threads, numbered from 0, are all idle.
    ///
    /// - Returns: Whether it was new; false, and nothing has changed, for a worker that is there already.
    @discardableResult
    public mutating func add(worker: WorkerID, threads: Int) -> Bool {
        slots.add(worker, threads: threads)
    }

    /// Changes how many threads of a worker may be busy at once; those that are busy finish.
    ///
    /// - Returns: Whether there is such a worker. A limit beyond its threads means all of them.
    @discardableResult
    public mutating func setThreadLimit(_ limit: Int, for worker: WorkerID) -> Bool {
        slots.setThreadLimit(limit, for: worker)
    }

    /// Dispatches nothing more to a worker; what runs there finishes.
    ///
    /// - Parameters:
    ///   - worker: The worker.
    ///   - keepsPinned: Whether it still gets the requests that must go to it, those offered from now on included; if
    ///     not, those that wait for it may go to any.
    /// - Returns: Whether there is such a worker.
    @discardableResult
    public mutating func drain(_ worker: WorkerID, keepsPinned: Bool = false) -> Bool {
        if !keepsPinned { unpin(worker) }
        return slots.drain(worker, keepsPinned: keepsPinned)
    }

    /// Dispatches nothing to a worker for now, or lets it take requests again.
    ///
    /// - Returns: Whether there is such a worker.
    @discardableResult
    public mutating func setHeld(_ isHeld: Bool, for worker: WorkerID) -> Bool {
        slots.setHeld(isHeld, for: worker)
    }

    /// Puts a request back to the head of its class's line, to be dispatched to another worker; its thread is idle again.
    ///
    /// Its place in the order is old, so the limit does not concern it. Several are put back last one first.
    ///
    /// - Parameters:
    ///   - ticket: The request.
    ///   - slot: The thread that had it.
    ///   - hasRun: Whether the app had begun with it: what it ran is then no part of its wait, so that its deadline moves
    ///     by as much.
    ///   - now: When it began to wait again.
    /// - Returns: Whether it was so; false, and nothing has changed, for another request or an idle thread.
    @discardableResult
    public mutating func giveBack(
        _ ticket: RequestTicket,
        of slot: Slot,
        hasRun: Bool,
        at now: Instant
    ) -> Bool {
        guard let request = slots.request(on: slot), slab.ticket(request) == ticket,
            let (index, since) = slots.release(slot)
        else { return false }
        if hasRun {
            let ran = now.since(since)
            slab[index].offeredAt = slab[index].offeredAt + ran
            slab[index].deadline = slab[index].deadline + ran
        }
        slab[index].state = .waiting
        slab[index].isInShare = false
        prepend(index)
        deadlines.add(index, deadline: slab[index].deadline)
        waiting += 1
        maximumDepth = max(maximumDepth, waiting - startable)
        statistics.returned &+= 1
        return true
    }

    /// Removes a worker and returns the requests that ran there, which have ended: they are to be answered 502.
    ///
    /// What waits for it may go to any now.
    ///
    /// Empty for an unknown worker.
    public mutating func remove(_ worker: WorkerID) -> [RequestTicket] {
        unpin(worker)
        return slots.remove(worker).map { request in
            let ticket = slab.ticket(request)
            slab.free(request)
            statistics.lost &+= 1
            return ticket
        }
    }

    /// Returns how many threads of a worker are busy, or nil for an unknown worker; 0 says that it has drained.
    public func busyThreads(of worker: WorkerID) -> Int? {
        slots.busyThreads(of: worker)
    }

    /// Changes how many requests may wait; those that wait already stay.
    ///
    /// A negative limit counts as 0, one above ``QueuePolicy/greatestLimit`` as that.
    public mutating func setLimit(_ limit: Int) {
        self.limit = min(max(0, limit), QueuePolicy.greatestLimit)
    }
}
