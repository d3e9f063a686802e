import RequestQueue
import Testing

/// Requests that must go to one certain worker.
@Suite struct PinnedTests {
    private let first = WorkerID(raw: 1)
    private let second = WorkerID(raw: 2)

    /// A queue of two workers of one thread each, both busy.
    private func makeBusyQueue(limit: Int = 100) throws -> RequestQueue {
        var queue = RequestQueue(limit: limit, processes: 2)
        for _ in 0..<2 { _ = try queue.accepted(at: at(0)) }
        #expect(queue.settle(at: at(0)).slots.map(\.worker) == [first, second])
        return queue
    }

    private func finish(_ worker: WorkerID, in queue: inout RequestQueue, at now: Instant) -> [RequestTicket] {
        #expect(queue.finish(Slot(worker: worker, thread: 0), at: now) == true)
        return queue.settle(at: now).dispatched
    }

    @Test func `goes to its worker though another has less to do`() throws {
        var queue = RequestQueue(limit: 10, processes: 2, threads: 4)
        for _ in 0..<4 { _ = try queue.accepted(for: 1, at: at(0)) }
        #expect(queue.settle(at: at(0)).slots.map(\.worker) == [first, first, first, first])
        #expect(queue.idleThreads == 4)
    }

    @Test func `waits for its worker while others are idle, and holds nobody up`() throws {
        var queue = RequestQueue(limit: 10, processes: 2)
        _ = try queue.accepted(for: 1, at: at(0))
        let waits = try queue.accepted(for: 1, at: at(0))
        let any = try queue.accepted(at: at(0))
        #expect(queue.settle(at: at(0)).slots.map(\.worker) == [first, second])
        #expect(queue.pinnedDepth(of: first) == 1)
        #expect(queue.depth == 1)
        #expect(finish(second, in: &queue, at: at(1)) == [])
        #expect(finish(first, in: &queue, at: at(2)) == [waits])
        #expect(queue.leave(any) == .unknown)
    }

    @Test func `is neither overtaken by those that may go anywhere nor overtakes them`() throws {
        var queue = try makeBusyQueue()
        let one = try queue.accepted(at: at(1))
        let two = try queue.accepted(for: 1, at: at(1))
        let three = try queue.accepted(at: at(1))
        let four = try queue.accepted(for: 1, at: at(1))
        #expect(finish(first, in: &queue, at: at(2)) == [one])
        #expect(finish(first, in: &queue, at: at(3)) == [two])
        #expect(finish(first, in: &queue, at: at(4)) == [three])
        #expect(finish(second, in: &queue, at: at(5)) == [])
        #expect(finish(first, in: &queue, at: at(6)) == [four])
    }

    @Test func `its class goes before its age`() throws {
        var queue = try makeBusyQueue()
        let any = try queue.accepted(at: at(1))
        let pinned = try queue.accepted(.shared, .critical, for: 2, at: at(2))
        #expect(finish(second, in: &queue, at: at(3)) == [pinned])
        #expect(finish(second, in: &queue, at: at(4)) == [any])
    }

    @Test func `counts in the depth and against the limit`() throws {
        var queue = try makeBusyQueue(limit: 2)
        _ = try queue.accepted(for: 1, at: at(1))
        _ = try queue.accepted(for: 1, at: at(1))
        #expect(queue.depth == 2)
        #expect(queue.admission(worker: first) == .refuse(.full))
        #expect(queue.admission(worker: second) == .refuse(.full))
        #expect(queue.offer(worker: first, at: at(1)) == .refused(.full))
        #expect(queue.offer(at: at(1)) == .refused(.full))
    }

    @Test func `those that wait for a busy worker fill the queue, but keep nobody from an idle one`() throws {
        var queue = RequestQueue(limit: 1, processes: 2)
        _ = try queue.accepted(for: 1, at: at(0))
        #expect(queue.settle(at: at(0)).dispatched.count == 1)
        _ = try queue.accepted(for: 1, at: at(0))
        #expect(queue.settle(at: at(0)) == [])
        #expect(queue.admission(worker: first) == .refuse(.full))
        let any = try queue.accepted(at: at(0))
        #expect(queue.settle(at: at(0)).dispatched == [any])
        #expect(queue.maximumDepth == 1)
    }

    @Test func `gives way to a higher class like any other`() throws {
        var queue = try makeBusyQueue(limit: 2)
        _ = try queue.accepted(.shared, .sheddable, at: at(1))
        let newest = try queue.accepted(.shared, .sheddable, for: 2, at: at(2))
        guard case .acceptedInsteadOf(_, victim: newest, cause: .displaced) = queue.offer(at: at(3)) else {
            Issue.record("the newest of the lowest class has to give way")
            return
        }
        #expect(queue.pinnedDepth == 0)
    }

    @Test func `is refused when its deadline passes`() throws {
        var queue = try makeBusyQueue()
        let pinned = try queue.accepted(for: 2, at: at(1))
        #expect(queue.nextDeadline == at(30_001))
        guard case .refuse(pinned, .timeout, waited: _) = queue.next(at: at(30_001)) else {
            Issue.record("a pinned request has the same deadline as others")
            return
        }
        #expect(queue.pinnedDepth == 0)
    }

    @Test func `goes to any worker when its own is not there`() throws {
        var queue = RequestQueue(limit: 10)
        let pinned = try queue.accepted(for: 9, at: at(0))
        #expect(queue.settle(at: at(0)).dispatched == [pinned])
    }

    @Test func `when its worker is removed it takes its place among the others`() throws {
        var queue = try makeBusyQueue()
        let one = try queue.accepted(at: at(1))
        let two = try queue.accepted(for: 1, at: at(1))
        let three = try queue.accepted(at: at(1))
        let four = try queue.accepted(for: 1, at: at(1))
        #expect(queue.remove(first).count == 1)
        #expect(queue.pinnedDepth == 0)
        #expect(queue.depth == 4)
        #expect([2, 3, 4, 5].flatMap { finish(second, in: &queue, at: at($0)) } == [one, two, three, four])
    }

    @Test func `when its worker drains it goes elsewhere`() throws {
        var queue = try makeBusyQueue()
        let pinned = try queue.accepted(for: 1, at: at(1))
        #expect(queue.drain(first) == true)
        #expect(finish(second, in: &queue, at: at(2)) == [pinned])
        let later = try queue.accepted(for: 1, at: at(3))
        #expect(finish(second, in: &queue, at: at(4)) == [later])
    }

    @Test func `a worker that drains may keep what must go to it, and gets nothing else`() throws {
        var queue = try makeBusyQueue()
        let pinned = try queue.accepted(for: 1, at: at(1))
        let any = try queue.accepted(at: at(1))
        #expect(queue.drain(first, keepsPinned: true) == true)
        #expect(finish(first, in: &queue, at: at(2)) == [pinned])
        #expect(finish(first, in: &queue, at: at(3)) == [])
        let later = try queue.accepted(for: 1, at: at(4))
        #expect(queue.settle(at: at(4)).dispatched == [later])
        #expect(queue.idleThreads == 0)
        #expect(finish(second, in: &queue, at: at(5)) == [any])
        #expect(queue.drain(first) == true)
        _ = try queue.accepted(for: 1, at: at(6))
        #expect(queue.pinnedDepth == 0)
    }

    @Test func `what is given back waits for its worker again`() throws {
        var queue = RequestQueue(limit: 10, processes: 2)
        let pinned = try queue.accepted(for: 1, at: at(0))
        #expect(queue.settle(at: at(0)).dispatched == [pinned])
        _ = try queue.accepted(for: 1, at: at(1))
        #expect(queue.setHeld(true, for: first) == true)
        #expect(queue.giveBack(pinned, of: Slot(worker: first, thread: 0), hasRun: false, at: at(2)) == true)
        #expect(queue.settle(at: at(2)) == [])
        #expect(queue.pinnedDepth(of: first) == 2)
        _ = queue.remove(first)
        #expect(queue.settle(at: at(3)).dispatched == [pinned])
    }

    @Test func `nothing is laid ready while a request waits for one worker`() throws {
        var queue = try makeBusyQueue()
        let pinned = try queue.accepted(for: 1, at: at(1))
        _ = try queue.accepted(at: at(1))
        #expect(queue.stage(at: at(1)) == nil)
        #expect(queue.leave(pinned) == .removed)
        #expect(queue.stage(at: at(1)) != nil)
    }

    @Test func `all that waits can be refused, in the order it came`() throws {
        var queue = try makeBusyQueue()
        let tickets = try [1, nil, 2, 1].map { try queue.accepted(for: $0, at: at(1)) }
        #expect(queue.refuseWaiting(.draining) == tickets)
        #expect(queue.depth == 0)
    }
}
