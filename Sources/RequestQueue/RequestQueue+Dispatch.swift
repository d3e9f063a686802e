extension RequestQueue {
    /// Returns the one thing to do now, or nil when there is nothing; the owner asks until then.
    ///
    /// To be asked after every event, and at `nextDeadline`.
    public mutating func next(at now: Instant) -> Action? {
        if let earliest = deadlines.first, earliest.deadline <= now {
            return refuse(earliest.request, slots.workerCount == 0 ? .noWorker : .timeout, at: now)
        }
        guard let index = slots.pinnedCount == 0 ? (slots.available > 0 ? front : nil) : frontWithPinned else {
            return nil
        }
        let waited = now.since(slab[index].offeredAt)
        if let cause = shedding(index, waited: waited, at: now) { return refuse(index, cause, at: now) }
        let taken =
            slab[index].isPinned
            ? slots.take(index, on: slab[index].worker, at: now) : slots.take(index, at: now)
        guard let slot = taken else { return nil }
        unlink(index)
        slab[index].state = .running
        slab[index].worker = slot.worker
        slab[index].thread = Int32(truncatingIfNeeded: slot.thread)
        statistics.dispatched &+= 1
        statistics.waits.add(waited, at: now)
        return .dispatch(slab.ticket(index), to: slot, waited: waited)
    }

    /// Makes a thread idle again: what it ran has ended.
    ///
    /// - Parameters:
    ///   - slot: The thread.
    ///   - ticket: The request it ran, where the owner knows it; then a late message about an earlier request of the
    ///     same thread is recognised.
    ///   - now: When it became idle.
    /// - Returns: Whether it was so; false for an unknown or idle thread or another request, and nothing has changed.
    @discardableResult
    public mutating func finish(_ slot: Slot, of ticket: RequestTicket? = nil, at now: Instant) -> Bool {
        if let ticket {
            guard let request = slots.request(on: slot), slab.ticket(request) == ticket else { return false }
        }
        let busy = slots.busyThreads(of: slot.worker) ?? 1
        guard let (request, since) = slots.release(slot) else { return false }
        slab.free(request)
        service.add(now.since(since))
        pace.add(now.since(since), busyThreads: busy)
        completions.add(at: now)
        statistics.finished &+= 1
        return true
    }

    /// Tells that the client of a request has left.
    public mutating func leave(_ ticket: RequestTicket) -> Leave {
        guard slab.holds(ticket) else { return .unknown }
        let entry = slab[ticket.index]
        switch entry.state {
        case .free:
            return .unknown
        case .waiting:
            end(waiting: ticket.index)
            statistics.left &+= 1
            return .removed
        case .staged:
            return .staged
        case .running:
            return .running(Slot(worker: entry.worker, thread: Int(entry.thread)))
        }
    }

    /// Refuses everything that waits, for instance when a drain has lasted long enough, and returns the tickets in the
    /// order they would have been dispatched.
    public mutating func refuseWaiting(_ cause: RefusalCause) -> [RequestTicket] {
        var tickets: [RequestTicket] = []
        tickets.reserveCapacity(waiting)
        if slots.pinnedCount > 0 {
            for worker in slots.workers.map(\.id) { unpin(worker) }
        }
        while let index = front {
            tickets.append(slab.ticket(index))
            end(waiting: index)
            statistics.countRefusal(cause)
        }
        return tickets
    }

    /// The request that is dispatched next, of those that may go to any worker.
    ///
    /// Always inlined, like all readings on the hot path: called, each would be handed a copy of the whole queue.
    @inline(__always)
    var front: Int32? {
        if lines[.critical].count > 0 { return lines[.critical].head }
        if lines[.standard].count > 0 { return lines[.standard].head }
        if lines[.opening].count > 0 { return lines[.opening].head }
        return lines[.sheddable].count > 0 ? lines[.sheddable].head : nil
    }

    /// How long the service of a request will probably take: the median, and at most half the timeout.
    ///
    /// Without that bound an app slower than the timeout would have every request refused, and so never be measured
    /// again.
    @inline(__always)
    var likelyService: Nanoseconds {
        min(service.median ?? .zero, Nanoseconds(timeout.count / 2))
    }

    /// Why the request that would be taken now is not to be; nil when it is.
    @inline(__always)
    mutating func shedding(_ index: Int32, waited: Nanoseconds, at now: Instant) -> RefusalCause? {
        let requestClass = slab[index].requestClass
        let target = DelayControl.target(minimum: minimumTarget, meanService: service.mean)
        let sheds = delay[requestClass].sheds(waited: waited, target: target, at: now)
        // Nothing is shed that leaves a thread idle: another of the same class has to be there to use it.
        guard competes(index) else { return nil }
        if sheds && policy.isDelayControlled { return .delay }
        return slab[index].deadline.since(now) < likelyService ? .timeout : nil
    }

    mutating func refuse(_ index: Int32, _ cause: RefusalCause, at now: Instant) -> Action {
        let ticket = slab.ticket(index)
        let waited = now.since(slab[index].offeredAt)
        end(waiting: index)
        statistics.countRefusal(cause)
        return .refuse(ticket, cause, waited: waited)
    }
}
