import RequestQueue
import Testing

/// Thousands of random events against the naive queue.
@Suite struct QueuePropertyTests {
    private struct Run {
        var random: SeededGenerator
        var queue: RequestQueue
        var naive: NaiveQueue
        var now = at(0)
        var tickets: [RequestTicket] = []
        var accepted = 0
        var left = 0
        var nextWorker = 1
        /// How many of the requests must go to one certain worker.
        let pinned: Double

        init(seed: UInt64, pinned: Double) {
            random = SeededGenerator(seed: seed)
            self.pinned = pinned
            var policy = QueuePolicy()
            policy.limit = Int.random(in: 0...12, using: &random)
            policy.timeout = .milliseconds(Int.random(in: 50...3000, using: &random))
            policy.minimumTarget = .milliseconds(Int.random(in: 1...100, using: &random))
            policy.isDelayControlled = random.chance(0.8)
            policy.sharesAmongClients = random.chance(0.8)
            queue = RequestQueue(policy: policy)
            naive = NaiveQueue(policy: policy)
        }

        mutating func step() {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<45: offer()
            case 45..<75: finish()
            case 75..<82: leave()
            case 82..<85: addWorker()
            case 85..<86: removeWorker()
            case 86..<87: drainWorker()
            case 87..<89: limitThreads()
            default: pass()
            }
            if random.chance(0.9) { settle() }
            check()
        }

        mutating func pass() {
            let most: UInt64 = random.chance(0.05) ? 4_000_000_000 : 40_000_000
            now = now + Nanoseconds(UInt64.random(in: 0...most, using: &random))
        }

        mutating func offer() {
            let number = UInt64.random(in: 0...3, using: &random)
            let key = number == 0 ? ClientKey.shared : client(number)
            let requestClass =
                random.chance(0.7) ? RequestClass.standard : RequestClass.allCases.randomElement(using: &random)
            guard let requestClass else { return }
            let upstream =
                random.chance(0.2) ? Nanoseconds.milliseconds(UInt64.random(in: 0...3500, using: &random)) : .zero
            // Some workers have gone already, some are still to come.
            let worker = random.chance(pinned) ? WorkerID(raw: Int.random(in: 1...nextWorker, using: &random)) : nil
            let expected = naive.verdict(client: key, class: requestClass, upstreamWait: upstream, worker: worker)
            let admission = queue.admission(
                client: key,
                class: requestClass,
                upstreamWait: upstream,
                worker: worker
            )
            switch queue.offer(client: key, class: requestClass, upstreamWait: upstream, worker: worker, at: now) {
            case .accepted(let ticket):
                #expect(expected == .enter)
                #expect(admission == .admit)
                enter(ticket, key, requestClass, upstream, worker)
            case .acceptedInsteadOf(let ticket, let victim, let cause):
                guard case .replaceOneOf(let victims, cause) = expected, victims.contains(victim) else {
                    Issue.record("\(victim) gave way for \(cause), expected \(expected)")
                    return
                }
                #expect(admission == .admit)
                naive.end(victim)
                enter(ticket, key, requestClass, upstream, worker)
            case .refused(let cause):
                #expect(expected == .refuse(cause))
                #expect(admission == .refuse(cause))
            }
        }

        mutating func enter(
            _ ticket: RequestTicket,
            _ key: ClientKey,
            _ requestClass: RequestClass,
            _ upstream: Nanoseconds,
            _ worker: WorkerID?
        ) {
            accepted += 1
            tickets.append(ticket)
            naive.enter(
                ticket,
                client: key,
                class: requestClass,
                upstreamWait: upstream,
                worker: worker,
                at: now
            )
        }

        mutating func finish() {
            guard let (slot, ticket) = naive.running.randomElement(using: &random) else { return }
            if let other = tickets.randomElement(using: &random), other != ticket, random.chance(0.1) {
                #expect(queue.finish(slot, of: other, at: now) == false)
            }
            #expect(queue.finish(slot, of: random.chance(0.5) ? ticket : nil, at: now) == naive.finish(slot, at: now))
            if random.chance(0.1) { #expect(queue.finish(slot, at: now) == false) }
        }

        mutating func leave() {
            guard let ticket = tickets.randomElement(using: &random) else { return }
            let expected: RequestQueue.Leave
            if naive.waiting.contains(where: { $0.ticket == ticket }) {
                expected = .removed
                left += 1
                naive.end(ticket)
            } else if let slot = naive.running.first(where: { $0.ticket == ticket })?.slot {
                expected = .running(slot)
            } else {
                expected = .unknown
            }
            #expect(queue.leave(ticket) == expected)
        }

        mutating func addWorker() {
            guard naive.workers.count < 4 else { return }
            let threads = Int.random(in: 0...4, using: &random)
            let id = WorkerID(raw: nextWorker)
            nextWorker += 1
            queue.add(worker: id, threads: threads)
            naive.workers.append(.init(id: id, limit: threads, threads: threads, idle: Array((0..<threads).reversed())))
        }

        mutating func removeWorker() {
            guard let index = naive.workers.indices.randomElement(using: &random) else { return }
            let worker = naive.workers.remove(at: index)
            let lost = worker.running.values.map(\.ticket)
            for ticket in lost { naive.ended[ticket, default: 0] += 1 }
            naive.unpin(worker.id)
            #expect(Set(queue.remove(worker.id)) == Set(lost))
        }

        mutating func drainWorker() {
            guard let index = naive.workers.indices.randomElement(using: &random) else { return }
            let keepsPinned = random.chance(0.5)
            naive.workers[index].isDraining = true
            naive.workers[index].keepsPinned = keepsPinned
            if !keepsPinned { naive.unpin(naive.workers[index].id) }
            #expect(queue.drain(naive.workers[index].id, keepsPinned: keepsPinned) == true)
        }

        mutating func limitThreads() {
            guard let index = naive.workers.indices.randomElement(using: &random) else { return }
            let limit = Int.random(in: -1...5, using: &random)
            naive.workers[index].limit = min(max(0, limit), naive.workers[index].threads)
            #expect(queue.setThreadLimit(limit, for: naive.workers[index].id) == true)
        }

        mutating func settle() {
            while true {
                let expected = naive.next(at: now)
                let action = queue.next(at: now)
                guard let action else {
                    #expect(expected.isEmpty)
                    return
                }
                guard expected.contains(action) else {
                    Issue.record("\(action), expected one of \(expected)")
                    return
                }
                naive.apply(action, at: now)
            }
        }

        func check() {
            #expect(queue.depth == naive.waiting.count)
            #expect(queue.pinnedDepth == naive.waiting.count { $0.pin != nil })
            for worker in naive.workers { #expect(queue.pinnedDepth(of: worker.id) == naive.pinned(to: worker)) }
            #expect(queue.busyThreads == naive.busy)
            #expect(queue.idleThreads == naive.available)
            #expect(queue.nextDeadline == naive.waiting.map(\.deadline).min())
            #expect(queue.oldestWait(at: now) == naive.waiting.map { now.since($0.offeredAt) }.max() ?? .zero)
            #expect(queue.busyThreads <= queue.threads)
            for requestClass in RequestClass.allCases {
                #expect(queue.depth(of: requestClass) == naive.waiting.count { $0.requestClass == requestClass })
            }
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>, [0, 0.5])
    func `does what the naive queue does and every ticket ends exactly once`(seed: UInt64, pinned: Double) {
        var run = Run(seed: seed, pinned: pinned)
        for _ in 0..<500 { run.step() }
        let statistics = run.queue.statistics
        #expect(statistics.accepted == UInt64(run.accepted))
        #expect(statistics.left == UInt64(run.left))
        #expect(run.naive.ended.values.allSatisfy { $0 == 1 })
        #expect(run.naive.ended.count + run.queue.depth + run.queue.busyThreads == run.accepted)
        #expect(statistics.dispatched == statistics.finished + statistics.lost + UInt64(run.queue.busyThreads))
        #expect(Set(run.tickets).count == run.accepted)
    }
}
