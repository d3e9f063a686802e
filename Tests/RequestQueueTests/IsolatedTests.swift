import RequestQueue
import Testing

/// Requests that run alone, because a worker has ended with them in it.
@Suite struct IsolatedTests {
    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    private func ticket(_ offer: RequestQueue.Offer) throws -> RequestTicket {
        guard case .accepted(let ticket) = offer else { throw Unexpected() }
        return ticket
    }

    private struct Unexpected: Error {}

    private func dispatched(_ queue: inout RequestQueue, at now: Instant) -> (ticket: RequestTicket, slot: Slot)? {
        guard case .dispatch(let ticket, let slot, _) = queue.next(at: now) else { return nil }
        return (ticket, slot)
    }

    /// Two requests that ran in a worker which has ended, and one that runs in another of two threads.
    private func afterALoss() throws -> (queue: RequestQueue, suspects: [RequestTicket], healthy: Slot) {
        var queue = RequestQueue()
        let (first, second) = (WorkerID(raw: 1), WorkerID(raw: 2))
        queue.add(worker: first, threads: 2)
        var suspects: [(ticket: RequestTicket, slot: Slot)] = []
        for _ in 0..<2 {
            _ = try ticket(queue.offer(at: at(0)))
            try suspects.append(#require(dispatched(&queue, at: at(0))))
        }
        queue.add(worker: second, threads: 2)
        _ = try ticket(queue.offer(at: at(0)))
        let other = try #require(dispatched(&queue, at: at(0)))
        for suspect in suspects.reversed() {
            queue.giveBack(suspect.ticket, of: suspect.slot, hasRun: true, at: at(1))
            #expect(queue.isolate(suspect.ticket) == true)
        }
        #expect(queue.remove(first) == [])
        return (queue, suspects.map(\.ticket), other.slot)
    }

    @Test func `no worker that runs something gets one, and others are served meanwhile`() throws {
        var (queue, _, _) = try afterALoss()
        #expect(queue.next(at: at(1)) == nil)
        #expect(queue.isolatedDepth == 2)
        let innocent = try ticket(queue.offer(at: at(2)))
        let served = dispatched(&queue, at: at(2))
        #expect(served?.ticket == innocent)
        #expect(queue.isolatedDepth == 2)
    }

    @Test func `nothing is laid ready while one waits, so that threads become idle`() throws {
        var (queue, suspects, healthy) = try afterALoss()
        let innocent = try ticket(queue.offer(at: at(2)))
        #expect(queue.stage(at: at(2)) == nil)
        #expect(dispatched(&queue, at: at(2))?.ticket == innocent)
        queue.add(worker: WorkerID(raw: 3), threads: 1)
        let first = try #require(dispatched(&queue, at: at(3)))
        #expect(first.ticket == suspects[0] && first.slot.worker != healthy.worker)
        _ = try ticket(queue.offer(at: at(4)))
        #expect(queue.stage(at: at(4)) == nil)
    }

    @Test func `the successor gets one after the other, and nothing beside it`() throws {
        var (queue, suspects, _) = try afterALoss()
        let successor = WorkerID(raw: 3)
        queue.add(worker: successor, threads: 4)
        let first = try #require(dispatched(&queue, at: at(3)))
        #expect(first.ticket == suspects[0] && first.slot.worker == successor)
        #expect(queue.next(at: at(3)) == nil)
        let innocents = try (0..<2).map { _ in try ticket(queue.offer(at: at(4))) }
        let beside = try #require(dispatched(&queue, at: at(4)))
        #expect(beside.ticket == innocents[0] && beside.slot.worker != successor)
        #expect(queue.next(at: at(4)) == nil)
        #expect(queue.finish(first.slot, of: first.ticket, at: at(5)) == true)
        let second = try #require(dispatched(&queue, at: at(5)))
        #expect(second.ticket == suspects[1] && second.slot.worker == successor)
        #expect(queue.next(at: at(5)) == nil)
        #expect(queue.finish(second.slot, of: second.ticket, at: at(6)) == true)
        let last = try #require(dispatched(&queue, at: at(6)))
        #expect(last.ticket == innocents[1] && last.slot.worker == successor)
        #expect(queue.idleThreads == 3)
    }

    @Test func `the last worker gets one only while it runs nothing else`() throws {
        var (queue, suspects, healthy) = try afterALoss()
        #expect(queue.next(at: at(1)) == nil)
        #expect(queue.finish(healthy, at: at(2)) == true)
        let alone = try #require(dispatched(&queue, at: at(2)))
        #expect(alone.ticket == suspects[0] && alone.slot.worker == healthy.worker)
        #expect(queue.remove(healthy.worker) == [suspects[0]])
        #expect(queue.idleThreads == 0 && queue.busyThreads == 0)
        #expect(queue.isolatedDepth == 1)
    }

    @Test func `a deadline, a client that leaves and a drain end one that waits`() throws {
        var (queue, suspects, _) = try afterALoss()
        #expect(queue.leave(suspects[0]) == .removed)
        guard case .refuse(let ticket, .timeout, _) = queue.next(at: at(3_600_000)) else { throw Unexpected() }
        #expect(ticket == suspects[1])
        #expect(queue.depth == 0 && queue.isolatedDepth == 0)
        (queue, suspects, _) = try afterALoss()
        #expect(queue.refuseWaiting(.draining) == suspects)
        #expect(queue.depth == 0 && queue.isolatedDepth == 0)
    }
}
