import RequestQueue
import Testing

@Suite struct RequestQueueTests {
    private let slot = Slot(worker: WorkerID(raw: 1), thread: 0)

    @Test func `with one thread and a limit of four one of ten runs and four wait and five are refused`() {
        var queue = RequestQueue(limit: 4)
        var refusals: [RequestQueue.Offer] = []
        for _ in 0..<10 {
            let offer = queue.offer(at: at(0))
            if case .refused = offer { refusals.append(offer) }
            _ = queue.settle(at: at(0))
        }
        #expect(queue.busyThreads == 1)
        #expect(queue.depth == 4)
        #expect(queue.maximumDepth == 4)
        #expect(refusals == Array(repeating: .refused(.full), count: 5))
        #expect(queue.admission() == .refuse(.full))
        #expect(queue.statistics.refused(.full) == 5)
    }

    @Test func `a limit of zero refuses only when no thread is idle`() {
        var queue = RequestQueue(limit: 0, threads: 2)
        #expect(queue.accept(at: at(0)) != nil)
        #expect(queue.accept(at: at(0)) != nil)
        #expect(queue.offer(at: at(0)) == .refused(.full))
        #expect(queue.settle(at: at(0)).dispatched.count == 2)
        #expect(queue.offer(at: at(0)) == .refused(.full))
        #expect(queue.finish(slot, at: at(1)) == true)
        #expect(queue.accept(at: at(1)) != nil)
        #expect(queue.maximumDepth == 0)
    }

    @Test func `a negative limit counts as zero and an absurd one is bounded`() {
        #expect(RequestQueue(limit: -1).limit == 0)
        #expect(RequestQueue(limit: .max).limit == QueuePolicy.greatestLimit)
    }

    @Test func `the default limit is twelve a thread and at least a hundred`() {
        #expect(QueuePolicy.defaultLimit(processes: 1, threads: 8) == 100)
        #expect(QueuePolicy.defaultLimit(processes: 4, threads: 8) == 384)
        #expect(QueuePolicy.defaultLimit(processes: 0, threads: -5) == 100)
        #expect(QueuePolicy.defaultLimit(processes: .max, threads: .max) == QueuePolicy.greatestLimit)
        #expect(QueuePolicy.defaultLimit(processes: 1, threads: .max) == QueuePolicy.greatestLimit)
    }

    @Test func `requests are dispatched in the order they came`() throws {
        var queue = RequestQueue(limit: 10)
        let tickets = try (0..<6).map { try queue.accepted(at: at($0)) }
        var order = queue.settle(at: at(6)).dispatched
        for time in 7..<12 as Range<UInt64> {
            queue.finish(slot, at: at(time))
            order += queue.settle(at: at(time)).dispatched
        }
        #expect(order == tickets)
    }

    @Test func `a dispatch says how long the request waited`() throws {
        var queue = RequestQueue(limit: 10)
        _ = queue.accept(at: at(0))
        _ = queue.settle(at: at(0))
        let ticket = try queue.accepted(at: at(10))
        queue.finish(slot, at: at(35))
        #expect(queue.oldestWait(at: at(35)) == .milliseconds(25))
        #expect(queue.next(at: at(35)) == .dispatch(ticket, to: slot, waited: .milliseconds(25)))
    }

    @Test func `a client that leaves while its request waits takes it along`() throws {
        var queue = RequestQueue(limit: 1)
        let running = try queue.accepted(at: at(0))
        _ = queue.settle(at: at(0))
        let ticket = try queue.accepted(at: at(0))
        #expect(queue.offer(at: at(0)) == .refused(.full))
        #expect(queue.leave(ticket) == .removed)
        #expect(queue.leave(ticket) == .unknown)
        #expect(queue.depth == 0)
        #expect(queue.accept(at: at(1)) != nil)
        #expect(queue.leave(running) == .running(slot))
        #expect(queue.busyThreads == 1)
    }

    @Test func `a stale ticket does not name the request that has its index now`() throws {
        var queue = RequestQueue(limit: 10)
        let old = try queue.accepted(at: at(0))
        _ = queue.settle(at: at(0))
        queue.finish(slot, of: old, at: at(1))
        let new = try queue.accepted(at: at(2))
        #expect(new.index == old.index)
        #expect(queue.leave(old) == .unknown)
        #expect(queue.leave(RequestTicket(index: -1, generation: 0)) == .unknown)
        #expect(queue.leave(RequestTicket(index: .max, generation: 0)) == .unknown)
        #expect(queue.leave(new) == .removed)
    }

    @Test func `a finish that comes twice or of an unknown thread or request changes nothing`() throws {
        var queue = RequestQueue(limit: 10)
        let first = try queue.accepted(at: at(0))
        _ = queue.settle(at: at(0))
        #expect(queue.finish(slot, of: first, at: at(1)) == true)
        #expect(queue.finish(slot, of: first, at: at(1)) == false)
        #expect(queue.finish(slot, at: at(1)) == false)
        #expect(queue.finish(Slot(worker: WorkerID(raw: 9), thread: 0), at: at(1)) == false)
        #expect(queue.finish(Slot(worker: WorkerID(raw: 1), thread: -1), at: at(1)) == false)
        #expect(queue.finish(Slot(worker: WorkerID(raw: 1), thread: .max), at: at(1)) == false)
        let second = try queue.accepted(at: at(2))
        _ = queue.settle(at: at(2))
        #expect(queue.finish(slot, of: first, at: at(3)) == false)
        #expect(queue.busyThreads == 1)
        #expect(queue.finish(slot, of: second, at: at(3)) == true)
        #expect(queue.statistics.finished == 2)
    }

    @Test func `a draining queue lets nothing in and serves what waits`() throws {
        var queue = RequestQueue(limit: 10)
        _ = queue.accept(at: at(0))
        _ = queue.settle(at: at(0))
        let waiting = try queue.accepted(at: at(0))
        queue.drain()
        #expect(queue.admission() == .refuse(.draining))
        #expect(queue.offer(at: at(1)) == .refused(.draining))
        queue.finish(slot, at: at(2))
        #expect(queue.settle(at: at(2)).dispatched == [waiting])
    }

    @Test func `what still waits can be refused all at once`() throws {
        var queue = RequestQueue(limit: 10)
        _ = queue.accept(at: at(0))
        _ = queue.settle(at: at(0))
        let standard = try queue.accepted(client(1), at: at(0))
        let critical = try queue.accepted(client(1), .critical, at: at(0))
        #expect(queue.refuseWaiting(.draining) == [critical, standard])
        #expect(queue.depth == 0)
        #expect(queue.nextDeadline == nil)
        #expect(queue.statistics.refused(.draining) == 2)
        #expect(queue.busyThreads == 1)
    }

    @Test func `without any worker requests wait within the limit until their deadline`() {
        var queue = RequestQueue(limit: 2, processes: 0) { $0.timeout = .seconds(1) }
        #expect(queue.accept(at: at(0)) != nil)
        #expect(queue.accept(at: at(100)) != nil)
        #expect(queue.offer(at: at(100)) == .refused(.full))
        #expect(queue.settle(at: at(999)) == [])
        #expect(queue.nextDeadline == at(1000))
        #expect(queue.settle(at: at(1000)).causes == [.noWorker])
        queue.add(worker: WorkerID(raw: 1), threads: 1)
        #expect(queue.settle(at: at(1001)).dispatched.count == 1)
    }

    @Test func `an admission changes nothing and says what the offer will`() {
        var queue = RequestQueue(limit: 1)
        #expect(queue.admission() == .admit)
        _ = queue.accept(at: at(0))
        _ = queue.settle(at: at(0))
        _ = queue.accept(client(1), .sheddable, at: at(0))
        #expect(queue.admission(class: .sheddable) == .refuse(.full))
        #expect(queue.admission(class: .standard) == .admit)
        #expect(queue.depth == 1)
        #expect(queue.statistics.refused == 0)
        queue.recordRefusal(.full)
        #expect(queue.statistics.refused(.full) == 1)
    }
}
