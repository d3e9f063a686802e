/// Requests laid ready behind those that run.
///
/// A thread whose requests take microseconds would be put to sleep and woken for each of them, which costs more than they
/// do. So the owner may lay the next requests where the thread finds them when it is done. Such a request still waits: it
/// counts in `depth`, and can be taken back. Only the order in which requests start may differ, by as much as a few of
/// the quickest take.
extension RequestQueue {
    /// The mean service time up to which it is worth it.
    ///
    /// Above it a wake-up is lost in the noise.
    public static let quick = Nanoseconds.milliseconds(1)

    /// Whether requests are so quick that laying some ready is worth it.
    public var isQuick: Bool {
        service.mean.map { $0 < RequestQueue.quick } ?? false
    }

    /// How many requests may lie ready behind a running one while other threads are idle: as many as delay the last of them
    /// by no more, on average, than waking a thread does under load.
    public var aheadOfIdleThreads: Int {
        guard let mean = pace.mean, mean.count > 0 else { return 0 }
        return Int(min(RequestQueue.wakeUp.count / mean.count, 16))
    }

    /// What waking a sleeping thread may cost in time, with the GIL and a core to wait for.
    static let wakeUp = Nanoseconds(200_000)

    /// How many of the waiting requests are laid ready.
    public var stagedCount: Int { staged }

    /// Takes the next request from the line, to be laid ready; nil when none waits in line.
    ///
    /// Nothing is laid ready while requests wait for one certain worker: they would be overtaken there for as long as
    /// others come, for a thread that goes on with what lies ready never becomes idle.
    public mutating func stage(at now: Instant) -> Staging? {
        guard slots.pinnedCount == 0, let index = front else { return nil }
        let waited = now.since(slab[index].offeredAt)
        if let cause = shedding(index, waited: waited, at: now) {
            let ticket = slab.ticket(index)
            end(waiting: index)
            statistics.countRefusal(cause)
            return .refuse(ticket, cause)
        }
        unlink(index)
        waiting += 1
        staged += 1
        slab[index].state = .staged
        return .stage(slab.ticket(index))
    }

    /// Puts a request that was laid ready back to the head of the line.
    ///
    /// Several are put back last one first.
    public mutating func unstage(_ ticket: RequestTicket) {
        guard slab.holds(ticket), slab[ticket.index].state == .staged else { return }
        let index = ticket.index
        slab[index].state = .waiting
        slab[index].isInShare = false
        prepend(index)
        deadlines.add(index, deadline: slab[index].deadline)
        staged -= 1
    }

    /// Ends the request of a thread, which goes on with one that was laid ready for it.
    ///
    /// - Returns: Whether it was so; false changes nothing.
    @discardableResult
    public mutating func finish(
        _ slot: Slot,
        of ticket: RequestTicket,
        andStart next: RequestTicket,
        at now: Instant
    ) -> Bool {
        guard let request = slots.request(on: slot), slab.ticket(request) == ticket,
            slab.holds(next), slab[next.index].state == .staged,
            let busy = slots.busyThreads(of: slot.worker),
            let ended = slots.replace(slot, with: next.index, at: now)
        else { return false }
        slab.free(ended.request)
        service.add(now.since(ended.since))
        pace.add(now.since(ended.since), busyThreads: busy)
        completions.add(at: now)
        statistics.finished &+= 1
        statistics.dispatched &+= 1
        waiting -= 1
        staged -= 1
        slab[next.index].state = .running
        slab[next.index].worker = slot.worker
        slab[next.index].thread = Int32(truncatingIfNeeded: slot.thread)
        statistics.waits.add(now.since(slab[next.index].offeredAt), at: now)
        return true
    }
}
