import RequestQueue
import Testing

/// Requests that are taken back from a thread, to be given to another one.
@Suite struct GiveBackTests {
    private func dispatched(_ queue: inout RequestQueue, at now: Instant) throws -> (RequestTicket, Slot) {
        guard case .dispatch(let ticket, to: let slot, waited: _) = queue.next(at: now) else {
            throw NotAccepted(offer: .refused(.full))
        }
        return (ticket, slot)
    }

    @Test func `goes to the head of its line, and its thread is idle`() throws {
        var queue = RequestQueue(limit: 10, processes: 1, threads: 1)
        let first = try queue.accepted(at: at(0))
        let (ticket, slot) = try dispatched(&queue, at: at(0))
        #expect(ticket == first)
        _ = try queue.accepted(at: at(1))
        #expect(queue.giveBack(first, of: slot, hasRun: true, at: at(5)) == true)
        #expect(queue.depth == 2)
        #expect(queue.busyThreads == 0)
        #expect(try dispatched(&queue, at: at(5)).0 == first)
        #expect(queue.statistics.returned == 1)
    }

    @Test func `waits behind the requests of a higher class all the same`() throws {
        var queue = RequestQueue(limit: 10, processes: 1, threads: 1)
        let first = try queue.accepted(at: at(0))
        let (_, slot) = try dispatched(&queue, at: at(0))
        let critical = try queue.accepted(.shared, .critical, at: at(1))
        queue.giveBack(first, of: slot, hasRun: true, at: at(5))
        #expect(try dispatched(&queue, at: at(5)).0 == critical)
    }

    @Test func `what it ran is no part of its wait`() throws {
        var queue = RequestQueue(limit: 10, processes: 2, threads: 1) { $0.timeout = .seconds(1) }
        let first = try queue.accepted(at: at(0))
        let (_, slot) = try dispatched(&queue, at: at(0))
        _ = queue.remove(WorkerID(raw: slot.worker == WorkerID(raw: 1) ? 2 : 1))
        queue.giveBack(first, of: slot, hasRun: true, at: at(60_000))
        #expect(queue.nextDeadline == at(61_000))
        #expect(queue.oldestWait(at: at(60_000)) == .zero)
    }

    @Test func `where it only lay untaken that was waiting`() throws {
        var queue = RequestQueue(limit: 10, processes: 1, threads: 1) { $0.timeout = .seconds(1) }
        let first = try queue.accepted(at: at(0))
        let (_, slot) = try dispatched(&queue, at: at(0))
        queue.giveBack(first, of: slot, hasRun: false, at: at(900))
        #expect(queue.nextDeadline == at(1_000))
        #expect(queue.oldestWait(at: at(900)) == .milliseconds(900))
    }

    @Test func `only the request that the thread has can be given back`() throws {
        var queue = RequestQueue(limit: 10, processes: 1, threads: 1)
        let first = try queue.accepted(at: at(0))
        let (_, slot) = try dispatched(&queue, at: at(0))
        let second = try queue.accepted(at: at(1))
        #expect(queue.giveBack(second, of: slot, hasRun: false, at: at(2)) == false)
        queue.finish(slot, of: first, at: at(2))
        #expect(queue.giveBack(first, of: slot, hasRun: false, at: at(2)) == false)
        #expect(queue.depth == 1)
        #expect(queue.statistics.returned == 0)
    }

    @Test func `a worker that is held gets nothing, and keeps what it runs`() throws {
        var queue = RequestQueue(limit: 10, processes: 1, threads: 2)
        let first = try queue.accepted(at: at(0))
        let (_, slot) = try dispatched(&queue, at: at(0))
        #expect(queue.setHeld(true, for: slot.worker) == true)
        #expect(queue.idleThreads == 0)
        let second = try queue.accepted(at: at(1))
        #expect(queue.next(at: at(1)) == nil)
        #expect(queue.finish(slot, of: first, at: at(2)) == true)
        #expect(queue.next(at: at(2)) == nil)
        #expect(queue.setHeld(false, for: slot.worker) == true)
        #expect(queue.idleThreads == 2)
        #expect(try dispatched(&queue, at: at(3)).0 == second)
        #expect(queue.setHeld(true, for: WorkerID(raw: 9)) == false)
    }
}
