/// Requests that are to run alone, because a worker has ended with them in it.
///
/// Which of those that ran there has ended it nobody knows. So each waits for a worker that runs nothing, and nothing is
/// given to that worker until it is done: the one that ends workers then takes nothing else along. No worker is emptied
/// for it: the successor of the one that has ended comes idle. They wait in front of all others, under their own
/// deadlines, and hold nobody up meanwhile.
extension RequestQueue {
    /// How many requests wait to run alone.
    public var isolatedDepth: Int { isolated.count }

    /// Has a waiting request run alone; it waits in front of those that do so already.
    ///
    /// - Returns: Whether it waits; false changes nothing.
    @discardableResult
    public mutating func isolate(_ ticket: RequestTicket) -> Bool {
        guard slab.holds(ticket), slab[ticket.index].state == .waiting else { return false }
        let index = ticket.index
        guard !slab[index].isIsolated else { return true }
        if slab[index].isPinned {
            slots.changeLine(of: index, in: &slab) { $0.remove($1, in: &$2) }
            slab[index].isPinned = false
        } else {
            lines[slab[index].requestClass].remove(index, in: &slab)
        }
        slab[index].isIsolated = true
        isolated.prepend(index, in: &slab)
        return true
    }

    /// The dispatch of the first that is to run alone, if a worker runs nothing.
    mutating func nextIsolated(at now: Instant) -> Action? {
        let index = isolated.head
        guard index != RequestSlab.none, let slot = slots.takeAlone(index, at: now) else { return nil }
        return dispatch(index, to: slot, waited: now.since(slab[index].offeredAt), at: now)
    }
}
