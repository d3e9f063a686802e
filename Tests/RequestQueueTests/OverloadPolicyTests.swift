import RequestQueue
import Testing

/// What the queue does when more comes than the threads can do.
@Suite struct OverloadPolicyTests {
    private let slot = Slot(worker: WorkerID(raw: 1), thread: 0)

    /// Returns a queue of one thread, which is busy from 0 on.
    private func busyQueue(limit: Int, _ change: (inout QueuePolicy) -> Void = { _ in }) -> RequestQueue {
        var queue = RequestQueue(limit: limit, change)
        _ = queue.offer(at: at(0))
        _ = queue.settle(at: at(0))
        return queue
    }

    // Deadlines

    @Test func `a request is refused when its deadline passes`() throws {
        var queue = busyQueue(limit: 10) { $0.timeout = .seconds(2) }
        let ticket = try queue.accepted(at: at(10))
        #expect(queue.nextDeadline == at(2010))
        #expect(queue.next(at: at(2009)) == nil)
        #expect(queue.next(at: at(2010)) == .refuse(ticket, .timeout, waited: .seconds(2)))
        #expect(queue.nextDeadline == nil)
    }

    @Test func `what a request waited upstream counts in its deadline`() {
        var queue = busyQueue(limit: 10) { $0.timeout = .seconds(2) }
        _ = queue.offer(at: at(0))
        _ = queue.offer(upstreamWait: .milliseconds(1500), at: at(100))
        #expect(queue.nextDeadline == at(600))
        #expect(queue.settle(at: at(600)).causes == [.timeout])
        #expect(queue.nextDeadline == at(2000))
    }

    @Test func `a request too old on arrival is refused unless a thread is idle`() {
        var queue = RequestQueue(limit: 10) { $0.timeout = .seconds(2) }
        #expect(queue.admission(upstreamWait: .seconds(60)) == .admit)
        _ = queue.offer(upstreamWait: .maximum, at: at(0))
        #expect(queue.settle(at: at(0)).dispatched.count == 1)
        #expect(queue.admission(upstreamWait: .seconds(2)) == .refuse(.timeout))
        #expect(queue.offer(upstreamWait: .seconds(2), at: at(0)) == .refused(.timeout))
    }

    @Test func `a request that can no longer be answered in time makes way for one that can`() throws {
        var queue = busyQueue(limit: 10) {
            $0.timeout = .seconds(10)
            $0.isDelayControlled = false
        }
        _ = queue.offer(at: at(0))
        let late = try queue.accepted(at: at(0))
        let early = try queue.accepted(at: at(2000))
        queue.finish(slot, at: at(4000))
        _ = queue.settle(at: at(4000))
        queue.finish(slot, at: at(8000))
        // 2 s are left for the one and 4 s for the other; the median service time is 4 s.
        #expect(
            queue.settle(at: at(8000)) == [
                .refuse(late, .timeout, waited: .seconds(8)),
                .dispatch(early, to: slot, waited: .seconds(6)),
            ]
        )
    }

    @Test func `a timeout of zero refuses what has to wait and nothing else`() {
        var queue = RequestQueue(limit: 10) { $0.timeout = .zero }
        #expect(queue.accept(at: at(0)) != nil)
        #expect(queue.settle(at: at(0)).dispatched.count == 1)
        #expect(queue.accept(at: at(0)) != nil)
        #expect(queue.settle(at: at(1)).causes == [.timeout])
    }

    @Test func `the only request that could use a thread is not given up`() {
        var queue = busyQueue(limit: 10) { $0.timeout = .seconds(10) }
        _ = queue.offer(at: at(0))
        queue.finish(slot, at: at(9000))
        #expect(queue.settle(at: at(9000)).dispatched.count == 1)
    }

    @Test func `an app slower than the timeout still gets requests and fresh ones are not given up`() {
        var queue = busyQueue(limit: 10) { $0.timeout = .seconds(1) }
        for round in 1...20 as ClosedRange<UInt64> {
            let now = at(round * 5000)
            _ = queue.settle(at: now)
            for _ in 0..<3 { #expect(queue.accept(at: now) != nil) }
            queue.finish(slot, at: now)
            let actions = queue.settle(at: now)
            #expect(actions.dispatched.count == 1)
            #expect(actions.causes == [])
        }
    }

    // Delay

    /// Runs a queue of one thread at twice its capacity: 50 ms of service, a request each 25 ms.
    private func overloaded(_ queue: inout RequestQueue, from start: UInt64, for length: UInt64) -> [RequestQueue
        .Action]
    {
        var actions: [RequestQueue.Action] = []
        for time in stride(from: start, to: start + length, by: 25) {
            if time % 50 == 0 { queue.finish(slot, at: at(time)) }
            _ = queue.offer(at: at(time))
            actions += queue.settle(at: at(time))
        }
        return actions
    }

    @Test func `a standing queue is shed by delay and waits stay bounded`() {
        var queue = RequestQueue(limit: 1000)
        let actions = overloaded(&queue, from: 0, for: 20_000)
        #expect(queue.statistics.refused(.delay) > 100)
        #expect(actions.dispatched.count >= 399)
        let longest = actions.map { action -> Nanoseconds in
            if case .dispatch(_, _, let waited) = action { waited } else { .zero }
        }.max()
        // One interval to notice, one to act in: half of what comes in a second stands for half a second.
        #expect(longest ?? .zero < .milliseconds(1500))
    }

    @Test func `without delay control only the limit and the deadline refuse`() {
        var queue = RequestQueue(limit: 1000) { $0.isDelayControlled = false }
        _ = overloaded(&queue, from: 0, for: 20_000)
        #expect(queue.statistics.refused == 0)
        #expect(queue.depth > 300)
    }

    @Test func `a burst that drains is not shed`() {
        var queue = RequestQueue(limit: 100)
        for second in 0..<20 as Range<UInt64> {
            for _ in 0..<12 { #expect(queue.accept(at: at(second * 1000)) != nil) }
            for step in 0..<20 as Range<UInt64> {
                let now = at(second * 1000 + step * 50)
                queue.finish(slot, at: now)
                #expect(queue.settle(at: now).causes == [])
            }
        }
    }

    @Test func `after overload the queue serves as before`() {
        var queue = RequestQueue(limit: 1000)
        _ = overloaded(&queue, from: 0, for: 10_000)
        for time in stride(from: 10_000, to: 40_000, by: 50) as StrideTo<UInt64> {
            queue.finish(slot, at: at(time))
            _ = queue.settle(at: at(time))
        }
        let before = queue.statistics.refused
        for time in stride(from: 40_000, to: 60_000, by: 100) as StrideTo<UInt64> {
            queue.finish(slot, at: at(time))
            #expect(queue.accept(at: at(time)) != nil)
            #expect(queue.settle(at: at(time)).dispatched.count == 1)
        }
        #expect(queue.statistics.refused == before)
        #expect(!queue.isStanding)
    }

    @Test func `shedding leaves no thread idle`() {
        var queue = RequestQueue(limit: 1000, threads: 1)
        for time in stride(from: 0, to: 60_000, by: 20) as StrideTo<UInt64> {
            if time % 60 == 0 { queue.finish(slot, at: at(time)) }
            let hadSome = queue.depth > 0
            let wasIdle = queue.idleThreads > 0
            let actions = queue.settle(at: at(time))
            if hadSome && wasIdle { #expect(actions.dispatched.count == 1) }
            _ = queue.offer(at: at(time))
            _ = queue.settle(at: at(time))
        }
        #expect(queue.statistics.refused(.delay) > 0)
    }

    // Shares and classes

    @Test func `below the limit no client is refused whatever its share`() {
        var queue = busyQueue(limit: 50)
        for _ in 0..<50 { #expect(queue.accept(client(1), at: at(0)) != nil) }
        #expect(queue.offer(client: client(1), at: at(0)) == .refused(.shareExceeded))
    }

    @Test func `in a full queue the newest request of the client with the most gives way`() throws {
        var queue = busyQueue(limit: 4)
        _ = queue.accept(client(1), at: at(0))
        _ = queue.accept(client(2), at: at(1))
        let newest = try queue.accepted(client(1), at: at(2))
        _ = queue.accept(.shared, at: at(3))
        guard
            case .acceptedInsteadOf(let ticket, victim: newest, .shareExceeded) = queue.offer(
                client: client(3),
                at: at(4)
            )
        else {
            Issue.record("The newest request of client 1 should have given way")
            return
        }
        #expect(queue.leave(newest) == .unknown)
        #expect(queue.depth == 4)
        #expect(queue.leave(ticket) == .removed)
    }

    @Test func `in a tie the newcomer is refused`() {
        var queue = busyQueue(limit: 3)
        _ = queue.accept(client(1), at: at(0))
        _ = queue.accept(client(1), at: at(0))
        _ = queue.accept(client(2), at: at(0))
        #expect(queue.offer(client: client(2), at: at(0)) == .refused(.full))
        #expect(queue.admission(client: client(2)) == .refuse(.full))
        #expect(queue.admission(client: client(3)) == .admit)
        #expect(queue.admission(client: client(1)) == .refuse(.shareExceeded))
    }

    @Test func `a proxy is no client`() {
        var queue = busyQueue(limit: 4)
        for _ in 0..<4 { _ = queue.accept(.shared, at: at(0)) }
        #expect(queue.offer(client: client(1), at: at(0)) == .refused(.full))
        #expect(queue.offer(client: .shared, at: at(0)) == .refused(.full))
    }

    @Test func `without shares the newcomer is always the one refused`() {
        var queue = busyQueue(limit: 2) { $0.sharesAmongClients = false }
        _ = queue.accept(client(1), at: at(0))
        _ = queue.accept(client(1), at: at(0))
        #expect(queue.offer(client: client(2), at: at(0)) == .refused(.full))
    }

    @Test func `higher classes go first and each class is in order`() throws {
        var queue = busyQueue(limit: 10)
        let classes: [RequestClass] = [.sheddable, .standard, .critical, .standard, .critical, .sheddable]
        let tickets = try classes.map { try queue.accepted(.shared, $0, at: at(0)) }
        var order: [RequestTicket] = []
        for time in 1...6 as ClosedRange<UInt64> {
            queue.finish(slot, at: at(time))
            order += queue.settle(at: at(time)).dispatched
        }
        #expect(order == [2, 4, 1, 3, 0, 5].map { tickets[$0] })
    }

    @Test func `a higher class takes the place of the newest of the lowest`() throws {
        var queue = busyQueue(limit: 3)
        let standard = try queue.accepted(.shared, .standard, at: at(0))
        let older = try queue.accepted(.shared, .sheddable, at: at(0))
        let newer = try queue.accepted(.shared, .sheddable, at: at(0))
        var victims: [RequestTicket] = []
        for _ in 0..<3 {
            if case .acceptedInsteadOf(_, let victim, .displaced) = queue.offer(class: .critical, at: at(1)) {
                victims.append(victim)
            }
        }
        #expect(victims == [newer, older, standard])
        #expect(queue.offer(class: .critical, at: at(1)) == .refused(.full))
    }

    @Test func `a higher class never gives way to a lower one`() {
        var queue = busyQueue(limit: 3)
        for _ in 0..<3 { _ = queue.accept(client(1), .critical, at: at(0)) }
        #expect(queue.offer(client: client(2), class: .standard, at: at(0)) == .refused(.full))
        #expect(queue.offer(client: client(2), class: .sheddable, at: at(0)) == .refused(.full))
    }

    // Clocks

    @Test func `a clock that goes backwards makes waits zero and traps nowhere`() {
        var queue = RequestQueue(limit: 100)
        for time in [10_000, 3, 20_000, 1, 0, 50, 2] as [UInt64] {
            queue.finish(slot, at: at(time))
            _ = queue.offer(client: client(time), at: at(time))
            _ = queue.offer(client: client(1), at: at(time))
            _ = queue.settle(at: at(time))
            #expect(queue.oldestWait(at: Instant(nanoseconds: 0)) == .zero)
            #expect(queue.completionRate(at: Instant(nanoseconds: 0)) >= 0)
            #expect(RetryAfter.range.contains(queue.retryAfterSeconds(at: at(0))))
        }
    }

    @Test func `instants at the end of the clock do not trap`() {
        var queue = RequestQueue(limit: 2) { $0.timeout = .seconds(Int64.max) }
        let end = Instant.distantFuture
        for now in [Instant(nanoseconds: .max - 1), end, Instant(nanoseconds: 0), end] {
            _ = queue.offer(upstreamWait: .maximum, at: now)
            _ = queue.settle(at: now)
            queue.finish(slot, at: now)
            _ = queue.settle(at: now)
            _ = queue.completionRate(at: now)
            _ = queue.snapshot(at: now)
        }
        #expect(queue.statistics.dispatched > 0)
    }
}
