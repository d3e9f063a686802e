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
    /// - Returns: Whether there is such a worker.
    @discardableResult
    public mutating func drain(_ worker: WorkerID) -> Bool {
        slots.drain(worker)
    }

    /// Removes a worker and returns the requests that ran there, which have ended: they are to be answered 502.
    ///
    /// Empty for an unknown worker.
    public mutating func remove(_ worker: WorkerID) -> [RequestTicket] {
        slots.remove(worker).map { request in
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
