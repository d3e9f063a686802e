import RequestQueue
import Sessions
import Testing

/// Thousands of random events; after each the counts are what one gets by counting.
@Suite struct SessionPropertyTests {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private struct Run {
        var random: Generator
        var table: SessionTable
        var now = at(0)
        var workers: [(id: WorkerID, isLeaving: Bool)] = []
        /// Open WebSockets.
        var sockets: [(session: UInt64, worker: WorkerID)] = []
        var nextWorker = 1

        init(seed: UInt64) {
            random = Generator(state: seed)
            table = SessionTable { policy in
                policy.capacity = 12
                policy.seatsPerWorker = seed % 2 == 0 ? 0 : 3
            }
        }

        mutating func step() {
            now = now + .seconds(UInt64.random(in: 0...40, using: &random))
            let number = UInt64.random(in: 1...20, using: &random)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<50: place(number)
            case 50..<65: open(number)
            case 65..<80: close()
            case 80..<85: addWorker()
            case 85..<90: leave()
            case 90..<93: remove()
            default: table.expire(at: now)
            }
            #expect(isRight)
        }

        mutating func place(_ number: UInt64) {
            // Lest it is forgotten in the same moment.
            table.expire(at: now)
            let before = table.worker(of: session(number))
            let worker = table.place(session(number), isNew: Bool.random(using: &random), at: now)
            let isHeld = sockets.contains { $0.session == number }
            let stays = workers.contains { $0.id == before && !$0.isLeaving }
            if isHeld || stays { #expect(worker == before) }
            if let worker, worker != before { #expect(workers.contains { $0.id == worker && !$0.isLeaving }) }
            if !workers.contains(where: { !$0.isLeaving }) { #expect(worker == before) }
            _ = table.admits(session(number), takes: Bool.random(using: &random))
        }

        mutating func open(_ number: UInt64) {
            guard let worker = table.worker(of: session(number)) else { return }
            table.socketOpened(session(number), on: worker, at: now)
            sockets.append((number, worker))
        }

        mutating func close() {
            guard let index = sockets.indices.randomElement(using: &random) else { return }
            let socket = sockets.remove(at: index)
            table.socketClosed(session(socket.session), on: socket.worker, at: now)
        }

        mutating func addWorker() {
            guard workers.count < 4 else { return }
            table.add(WorkerID(raw: nextWorker))
            workers.append((WorkerID(raw: nextWorker), false))
            nextWorker += 1
        }

        mutating func leave() {
            guard let index = workers.indices.randomElement(using: &random) else { return }
            workers[index].isLeaving = true
            table.leave(workers[index].id)
        }

        mutating func remove() {
            guard let index = workers.indices.randomElement(using: &random) else { return }
            let worker = workers.remove(at: index).id
            table.remove(worker, at: now)
            // Some of their ends are told afterwards.
            if Bool.random(using: &random) {
                for socket in sockets where socket.worker == worker {
                    table.socketClosed(session(socket.session), on: worker, at: now)
                }
            }
            sockets.removeAll { $0.worker == worker }
        }

        /// Whether each count is what one gets by counting.
        var isRight: Bool {
            guard table.count <= table.policy.capacity else { return false }
            var held: [WorkerID: Int] = [:]
            for socket in sockets { held[socket.worker, default: 0] += 1 }
            var others: [WorkerID: Int] = [:]
            for number in 1...20 as ClosedRange<UInt64> {
                let own = sockets.filter { $0.session == number }
                let worker = table.worker(of: session(number))
                guard table.sockets(of: session(number)) == own.count, own.allSatisfy({ $0.worker == worker }) else {
                    return false
                }
                guard let worker else { continue }
                guard workers.contains(where: { $0.id == worker }) else { return false }
                if own.isEmpty { others[worker, default: 0] += 1 }
            }
            return workers.allSatisfy { worker in
                let held = held[worker.id] ?? 0
                // Those that were not seen for a while do not count.
                let counts = held...held + (others[worker.id] ?? 0)
                return counts.contains(table.sessions(of: worker.id) ?? -1)
                    && table.holdsSockets(worker.id) == (held > 0)
            }
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `the counts are right and WebSockets stay where they are`(seed: UInt64) {
        var run = Run(seed: seed)
        for _ in 0..<500 { run.step() }
        run.sockets.forEach { run.table.socketClosed(session($0.session), on: $0.worker, at: run.now) }
        run.table.expire(at: run.now + .seconds(10_000))
        #expect(run.table.count == 0)
        #expect(run.workers.allSatisfy { run.table.sessions(of: $0.id) == 0 })
        // No seat is lost.
        for worker in run.workers { run.table.remove(worker.id, at: run.now) }
        run.table.add(WorkerID(raw: 1000))
        let seats = run.table.policy.seatsPerWorker
        let admitted = (1...10 as ClosedRange<UInt64>).map { number in
            _ = run.table.place(session(number), at: run.now + .seconds(20_000))
            return run.table.admits(session(number))
        }
        #expect(admitted.count { $0 } == (seats == 0 ? 10 : seats))
    }
}
