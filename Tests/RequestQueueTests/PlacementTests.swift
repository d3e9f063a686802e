import RequestQueue
import Testing

@Suite struct PlacementTests {
    private func slot(_ worker: Int, _ thread: Int) -> Slot {
        Slot(worker: WorkerID(raw: worker), thread: thread)
    }

    private func offer(_ count: Int, to queue: inout RequestQueue) -> [Slot] {
        for _ in 0..<count { _ = queue.offer(at: at(0)) }
        return queue.settle(at: at(0)).slots
    }

    @Test func `the least busy worker comes first and of equals the first`() {
        var queue = RequestQueue(limit: 100, processes: 3, threads: 2)
        #expect(offer(6, to: &queue).map(\.worker.raw) == [1, 2, 3, 1, 2, 3])
        queue.finish(slot(2, 0), at: at(1))
        queue.finish(slot(3, 0), at: at(1))
        queue.finish(slot(3, 1), at: at(1))
        #expect(offer(2, to: &queue).map(\.worker.raw) == [3, 2])
    }

    @Test func `light load stays on the first worker and the others idle out`() {
        var queue = RequestQueue(limit: 100, processes: 4, threads: 4)
        for _ in 0..<50 {
            #expect(offer(1, to: &queue) == [slot(1, 0)])
            queue.finish(slot(1, 0), at: at(1))
        }
    }

    @Test func `the thread that became idle last is used first`() {
        var queue = RequestQueue(limit: 100, threads: 4)
        _ = offer(4, to: &queue)
        for thread in [2, 0, 3] { queue.finish(slot(1, thread), at: at(1)) }
        #expect(offer(3, to: &queue) == [slot(1, 3), slot(1, 0), slot(1, 2)])
    }

    @Test func `a draining worker gets nothing more and finishes what it has`() {
        var queue = RequestQueue(limit: 100, processes: 2, threads: 2)
        _ = offer(2, to: &queue)
        #expect(queue.drain(WorkerID(raw: 1)) == true)
        #expect(queue.threads == 3)
        #expect(offer(3, to: &queue) == [slot(2, 1)])
        queue.finish(slot(1, 0), at: at(1))
        #expect(queue.busyThreads(of: WorkerID(raw: 1)) == 0)
        #expect(queue.settle(at: at(1)) == [])
        #expect(queue.depth == 2)
        #expect(queue.remove(WorkerID(raw: 1)) == [])
        #expect(queue.threads == 2)
    }

    @Test func `removing a worker returns what ran there and ends it`() throws {
        var queue = RequestQueue(limit: 100, processes: 2, threads: 1)
        let lost = try queue.accepted(at: at(0))
        let kept = try queue.accepted(at: at(0))
        let waiting = try queue.accepted(at: at(0))
        _ = queue.settle(at: at(0))
        #expect(queue.remove(WorkerID(raw: 1)) == [lost])
        #expect(queue.remove(WorkerID(raw: 1)) == [])
        #expect(queue.leave(lost) == .unknown)
        #expect(queue.finish(slot(1, 0), of: lost, at: at(1)) == false)
        #expect(queue.leave(kept) == .running(slot(2, 0)))
        #expect(queue.busyThreads == 1)
        queue.add(worker: WorkerID(raw: 3), threads: 1)
        #expect(queue.settle(at: at(2)).dispatched == [waiting])
        #expect(queue.statistics.lost == 1)
    }

    @Test func `a thread limit bounds what runs at once and can be raised again`() {
        var queue = RequestQueue(limit: 100, threads: 4)
        #expect(queue.setThreadLimit(2, for: WorkerID(raw: 1)) == true)
        #expect(queue.threads == 2)
        #expect(offer(4, to: &queue).count == 2)
        queue.setThreadLimit(1, for: WorkerID(raw: 1))
        #expect(queue.threads == 2)
        queue.finish(slot(1, 0), at: at(1))
        #expect(queue.settle(at: at(1)) == [])
        queue.setThreadLimit(.max, for: WorkerID(raw: 1))
        #expect(queue.threads == 4)
        #expect(queue.settle(at: at(1)).dispatched.count == 2)
        queue.setThreadLimit(-3, for: WorkerID(raw: 1))
        #expect(queue.idleThreads == 0)
        #expect(queue.setThreadLimit(1, for: WorkerID(raw: 9)) == false)
    }

    @Test func `a worker is added once and one without threads does no harm`() {
        var queue = RequestQueue(limit: 100)
        #expect(queue.add(worker: WorkerID(raw: 1), threads: 8) == false)
        #expect(queue.add(worker: WorkerID(raw: 2), threads: -8) == true)
        #expect(queue.threads == 1)
        #expect(offer(2, to: &queue) == [slot(1, 0)])
        #expect(queue.drain(WorkerID(raw: 7)) == false)
        #expect(queue.busyThreads(of: WorkerID(raw: 7)) == nil)
    }
}
