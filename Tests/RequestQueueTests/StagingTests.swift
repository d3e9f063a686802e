import RequestQueue
import Testing

/// Requests laid ready behind those that run.
@Suite struct StagingTests {
    private let slot = Slot(worker: WorkerID(raw: 1), thread: 0)

    /// A queue of one thread, which is busy, and the request that it runs.
    private func makeBusyQueue(
        limit: Int = 100,
        _ change: (inout QueuePolicy) -> Void = { _ in }
    ) throws -> (queue: RequestQueue, running: RequestTicket) {
        var queue = RequestQueue(limit: limit, change)
        let running = try queue.accepted(at: at(0))
        #expect(queue.settle(at: at(0)).dispatched == [running])
        return (queue, running)
    }

    private func stage(_ queue: inout RequestQueue, at now: Instant = at(0)) -> RequestTicket? {
        if case .stage(let ticket) = queue.stage(at: now) { ticket } else { nil }
    }

    @Test func `nothing is laid ready when nothing waits`() throws {
        var (queue, _) = try makeBusyQueue()
        #expect(queue.stage(at: at(0)) == nil)
        let one = try queue.accepted(at: at(0))
        #expect(stage(&queue) == one)
        #expect(queue.stage(at: at(0)) == nil)
    }

    @Test func `requests are laid ready in the order in which they came, higher classes first`() throws {
        var (queue, _) = try makeBusyQueue()
        let sheddable = try queue.accepted(.shared, .sheddable, at: at(0))
        let opening = try queue.accepted(.shared, .opening, at: at(0))
        let first = try queue.accepted(at: at(0))
        let second = try queue.accepted(at: at(0))
        let critical = try queue.accepted(.shared, .critical, at: at(0))
        var staged: [RequestTicket] = []
        while let ticket = stage(&queue) { staged.append(ticket) }
        #expect(staged == [critical, first, second, opening, sheddable])
    }

    @Test func `what is laid ready still counts in the depth and against the limit`() throws {
        var (queue, _) = try makeBusyQueue(limit: 2)
        _ = try queue.accepted(at: at(0))
        _ = try queue.accepted(at: at(0))
        _ = try #require(stage(&queue))
        #expect(queue.depth == 2)
        #expect(queue.stagedCount == 1)
        #expect(queue.offer(at: at(0)) == .refused(.full))
        _ = try #require(stage(&queue))
        #expect(queue.depth == 2)
        #expect(queue.stagedCount == 2)
        #expect(queue.offer(class: .critical, at: at(0)) == .refused(.full))
        #expect(queue.admission() == .refuse(.full))
    }

    @Test func `what is taken back stands where it stood`() throws {
        var (queue, running) = try makeBusyQueue()
        let tickets = try (0..<5).map { _ in try queue.accepted(at: at(0)) }
        let staged = try (0..<3).map { _ in try #require(stage(&queue)) }
        for ticket in staged.reversed() { queue.unstage(ticket) }
        #expect(queue.stagedCount == 0)
        #expect(queue.depth == 5)
        var order: [RequestTicket] = []
        var current = running
        for _ in tickets {
            #expect(queue.finish(slot, of: current, at: at(1)) == true)
            current = try #require(queue.settle(at: at(1)).dispatched.first)
            order.append(current)
        }
        #expect(order == tickets)
    }

    @Test func `what is not laid ready cannot be taken back`() throws {
        var (queue, running) = try makeBusyQueue()
        let waiting = try queue.accepted(at: at(0))
        for ticket in [
            running, waiting, RequestTicket(index: 99, generation: 0), RequestTicket(index: -1, generation: 0),
        ] {
            queue.unstage(ticket)
        }
        #expect(queue.stagedCount == 0)
        #expect(queue.depth == 1)
        #expect(stage(&queue) == waiting)
        queue.unstage(waiting)
        queue.unstage(waiting)
        #expect(queue.stagedCount == 0)
        #expect(queue.depth == 1)
        #expect(queue.depth(of: .standard) == 1)
    }

    @Test func `a thread goes on with what lies ready and stays busy`() throws {
        var (queue, running) = try makeBusyQueue()
        let next = try queue.accepted(at: at(0))
        #expect(stage(&queue, at: at(1)) == next)
        #expect(queue.finish(slot, of: running, andStart: next, at: at(5)) == true)
        #expect(queue.busyThreads == 1)
        #expect(queue.idleThreads == 0)
        #expect(queue.depth == 0)
        #expect(queue.stagedCount == 0)
        #expect(queue.leave(next) == .running(slot))
        #expect(queue.leave(running) == .unknown)
        #expect(queue.statistics.finished == 1)
        #expect(queue.statistics.dispatched == 2)
        #expect(queue.finish(slot, of: next, at: at(6)) == true)
        #expect(queue.idleThreads == 1)
    }

    @Test func `a thread does not go on with what is not laid ready, or from what it does not run`() throws {
        var (queue, running) = try makeBusyQueue()
        let waiting = try queue.accepted(at: at(0))
        let staged = try queue.accepted(.shared, .critical, at: at(0))
        #expect(stage(&queue) == staged)
        let nowhere = Slot(worker: WorkerID(raw: 9), thread: 0)
        #expect(queue.finish(slot, of: running, andStart: waiting, at: at(1)) == false)
        #expect(queue.finish(slot, of: running, andStart: running, at: at(1)) == false)
        #expect(queue.finish(slot, of: waiting, andStart: staged, at: at(1)) == false)
        #expect(queue.finish(nowhere, of: running, andStart: staged, at: at(1)) == false)
        #expect(queue.statistics.finished == 0)
        #expect(queue.depth == 2)
        #expect(queue.leave(running) == .running(slot))
        #expect(queue.leave(staged) == .staged)
    }

    @Test func `a client that leaves what lies ready changes nothing until it is taken back`() throws {
        var (queue, _) = try makeBusyQueue()
        let ticket = try queue.accepted(at: at(0))
        #expect(stage(&queue) == ticket)
        #expect(queue.leave(ticket) == .staged)
        #expect(queue.leave(ticket) == .staged)
        #expect(queue.depth == 1)
        #expect(queue.statistics.left == 0)
        queue.unstage(ticket)
        #expect(queue.leave(ticket) == .removed)
        #expect(queue.leave(ticket) == .unknown)
        #expect(queue.depth == 0)
        #expect(queue.statistics.left == 1)
    }

    @Test func `a deadline does not pass while a request lies ready, and does when it is taken back`() throws {
        var (queue, _) = try makeBusyQueue { $0.timeout = .milliseconds(100) }
        let ticket = try queue.accepted(at: at(0))
        #expect(queue.nextDeadline == at(100))
        #expect(stage(&queue) == ticket)
        #expect(queue.nextDeadline == nil)
        #expect(queue.settle(at: at(1000)).isEmpty)
        queue.unstage(ticket)
        #expect(queue.nextDeadline == at(100))
        #expect(queue.next(at: at(1000)) == .refuse(ticket, .timeout, waited: .milliseconds(1000)))
        #expect(queue.depth == 0)
    }

    @Test func `what could no longer be answered in time is refused and not laid ready`() throws {
        var (queue, running) = try makeBusyQueue { $0.timeout = .milliseconds(100) }
        // Requests take 40 ms.
        #expect(queue.finish(slot, of: running, at: at(40)) == true)
        _ = try queue.accepted(at: at(40))
        #expect(queue.settle(at: at(40)).dispatched.count == 1)
        let late = try queue.accepted(at: at(40))
        #expect(queue.stage(at: at(120)) == .refuse(late, .timeout))
        #expect(queue.depth == 0)
        #expect(queue.stagedCount == 0)
        #expect(queue.statistics.refused(.timeout) == 1)
    }

    @Test func `the end of a worker ends what it runs, and what lies ready can be taken back`() throws {
        var (queue, running) = try makeBusyQueue()
        let staged = try queue.accepted(at: at(0))
        #expect(stage(&queue) == staged)
        #expect(queue.remove(slot.worker) == [running])
        #expect(queue.stagedCount == 1)
        #expect(queue.finish(slot, of: running, andStart: staged, at: at(1)) == false)
        queue.unstage(staged)
        queue.add(worker: WorkerID(raw: 2), threads: 1)
        #expect(queue.settle(at: at(2)).dispatched == [staged])
    }

    @Test func `what lies ready is not what gives way to a higher class`() throws {
        var (queue, _) = try makeBusyQueue(limit: 2)
        let staged = try queue.accepted(.shared, .sheddable, at: at(0))
        #expect(stage(&queue) == staged)
        let waiting = try queue.accepted(.shared, .sheddable, at: at(0))
        guard case .acceptedInsteadOf(_, let victim, .displaced) = queue.offer(class: .critical, at: at(0)) else {
            Issue.record("nothing gave way")
            return
        }
        #expect(victim == waiting)
    }

    @Test func `what was taken back is in nobody's share`() throws {
        var (queue, _) = try makeBusyQueue(limit: 4)
        let first = try queue.accepted(client(1), at: at(0))
        for _ in 0..<3 { _ = try queue.accepted(client(1), at: at(0)) }
        #expect(stage(&queue) == first)
        queue.unstage(first)
        guard case .acceptedInsteadOf(_, let victim, .shareExceeded) = queue.offer(client: client(2), at: at(0)) else {
            Issue.record("nobody's share was exceeded")
            return
        }
        #expect(victim != first)
        #expect(queue.leave(first) == .removed)
    }

    @Test func `a refusal of all that waits leaves what lies ready`() throws {
        var (queue, _) = try makeBusyQueue()
        let staged = try queue.accepted(at: at(0))
        #expect(stage(&queue) == staged)
        let waiting = try queue.accepted(at: at(0))
        #expect(queue.refuseWaiting(.draining) == [waiting])
        #expect(queue.depth == 1)
        #expect(queue.leave(staged) == .staged)
    }

    @Test func `requests are quick below a millisecond, and nothing is known before the first`() throws {
        var (queue, running) = try makeBusyQueue()
        #expect(!queue.isQuick)
        #expect(queue.aheadOfIdleThreads == 0)
        #expect(queue.finish(slot, of: running, at: Instant(nanoseconds: at(0).nanoseconds + 20_000)) == true)
        #expect(queue.isQuick)
        #expect(queue.aheadOfIdleThreads == 10)
        var slow = try makeBusyQueue()
        #expect(slow.queue.finish(slot, of: slow.running, at: at(50)) == true)
        #expect(!slow.queue.isQuick)
        #expect(slow.queue.aheadOfIdleThreads == 0)
    }

    @Test func `no more than sixteen lie ready ahead of idle threads`() throws {
        var (queue, running) = try makeBusyQueue()
        #expect(queue.finish(slot, of: running, at: at(0)) == true)
        #expect(queue.aheadOfIdleThreads == 16)
    }
}

/// Random events, among them staging, against lists of tickets: nothing is lost and nothing ends twice.
@Suite struct StagingPropertyTests {
    /// Where every ticket is, as plain lists in the order of the line.
    private struct Model {
        var waiting: [RequestTicket] = []
        /// What lies ready behind each busy thread, next first.
        var staged: [Slot: [RequestTicket]] = [:]
        var running: [Slot: RequestTicket] = [:]
        var ended: [RequestTicket] = []
        var stagedCount: Int { staged.values.reduce(0) { $0 + $1.count } }
    }

    private struct Run {
        var random: SeededGenerator
        var queue: RequestQueue
        var model = Model()
        var now = at(0)
        var accepted: [RequestTicket] = []
        var nextWorker = 2

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            // Of one class, without shedding: what is tested is where requests are, not which are refused.
            queue = RequestQueue(limit: 40, processes: 1, threads: 3) {
                $0.isDelayControlled = false
                $0.sharesAmongClients = false
                $0.timeout = .seconds(3600)
            }
        }

        mutating func step() {
            now = now + Nanoseconds(UInt64.random(in: 0...2_000_000, using: &random))
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<40: offer()
            case 40..<60: stage()
            case 60..<80: finish()
            case 80..<86: unstage()
            case 86..<94: leave()
            case 94..<95: replaceWorker()
            default: settle()
            }
            check()
        }

        mutating func offer() {
            if case .accepted(let ticket) = queue.offer(at: now) {
                accepted.append(ticket)
                model.waiting.append(ticket)
            } else {
                #expect(queue.depth - queue.idleThreads >= queue.limit)
            }
        }

        mutating func stage() {
            guard let slot = busySlot() else { return }
            switch queue.stage(at: now) {
            case .stage(let ticket):
                #expect(ticket == model.waiting.first)
                model.waiting.removeFirst()
                model.staged[slot, default: []].append(ticket)
            case .refuse:
                Issue.record("refused")
            case nil:
                #expect(model.waiting.isEmpty)
            }
        }

        mutating func finish() {
            guard let slot = busySlot(), let ticket = model.running[slot] else { return }
            if let next = model.staged[slot]?.first {
                #expect(queue.finish(slot, of: ticket, andStart: next, at: now) == true)
                model.staged[slot]?.removeFirst()
                model.running[slot] = next
            } else {
                #expect(queue.finish(slot, of: ticket, at: now) == true)
                model.running[slot] = nil
            }
            model.ended.append(ticket)
        }

        mutating func unstage() {
            guard let slot = busySlot() else { return }
            for ticket in (model.staged[slot] ?? []).reversed() {
                queue.unstage(ticket)
                model.waiting.insert(ticket, at: 0)
            }
            model.staged[slot] = nil
        }

        mutating func leave() {
            guard let ticket = accepted.randomElement(using: &random) else { return }
            let answer = queue.leave(ticket)
            if let index = model.waiting.firstIndex(of: ticket) {
                #expect(answer == .removed)
                model.waiting.remove(at: index)
                model.ended.append(ticket)
            } else if let slot = model.running.first(where: { $0.value == ticket })?.key {
                #expect(answer == .running(slot))
            } else if let slot = model.staged.first(where: { $0.value.contains(ticket) })?.key {
                #expect(answer == .staged)
                guard random.chance(0.7) else { return }
                queue.unstage(ticket)
                #expect(queue.leave(ticket) == .removed)
                model.staged[slot]?.removeAll { $0 == ticket }
                model.ended.append(ticket)
            } else {
                #expect(answer == .unknown)
            }
        }

        /// A worker dies: what it runs is lost, what lay ready goes back to the line.
        mutating func replaceWorker() {
            guard let worker = busySlot()?.worker else { return }
            for slot in model.staged.keys.filter({ $0.worker == worker }).sorted(by: { $0.thread < $1.thread }) {
                for ticket in (model.staged.removeValue(forKey: slot) ?? []).reversed() {
                    queue.unstage(ticket)
                    model.waiting.insert(ticket, at: 0)
                }
            }
            let lost = queue.remove(worker)
            #expect(Set(lost) == Set(model.running.filter { $0.key.worker == worker }.values))
            model.running = model.running.filter { $0.key.worker != worker }
            model.ended += lost
            queue.add(worker: WorkerID(raw: nextWorker), threads: 3)
            nextWorker += 1
        }

        mutating func settle() {
            while let action = queue.next(at: now) {
                guard case .dispatch(let ticket, to: let slot, waited: _) = action else {
                    Issue.record("\(action)")
                    return
                }
                #expect(ticket == model.waiting.first)
                model.waiting.removeFirst()
                #expect(model.running[slot] == nil)
                model.running[slot] = ticket
            }
        }

        mutating func busySlot() -> Slot? {
            model.running.keys.sorted { ($0.worker.raw, $0.thread) < ($1.worker.raw, $1.thread) }
                .randomElement(using: &random)
        }

        func check() {
            #expect(queue.depth == model.waiting.count + model.stagedCount)
            #expect(queue.stagedCount == model.stagedCount)
            #expect(queue.depth(of: .standard) == model.waiting.count)
            #expect(queue.busyThreads == model.running.count)
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `nothing is lost and nothing ends twice`(seed: UInt64) {
        var run = Run(seed: seed)
        for _ in 0..<1000 { run.step() }
        let model = run.model
        let all = model.waiting + model.staged.values.flatMap(\.self) + Array(model.running.values) + model.ended
        #expect(Set(all).count == all.count)
        #expect(Set(all) == Set(run.accepted))
        #expect(model.ended.count > 100)
        let statistics = run.queue.statistics
        #expect(statistics.dispatched == statistics.finished + statistics.lost + UInt64(run.queue.busyThreads))
        #expect(statistics.accepted == UInt64(run.accepted.count))
    }
}
