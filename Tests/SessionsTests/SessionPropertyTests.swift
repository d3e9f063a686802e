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
            check()
        }

        mutating func place(_ number: UInt64) {
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

        func check() {
            #expect(table.count <= table.policy.capacity)
            for number in 1...20 as ClosedRange<UInt64> {
                let held = sockets.filter { $0.session == number }
                #expect(table.sockets(of: session(number)) == held.count)
                #expect(held.allSatisfy { $0.worker == table.worker(of: session(number)) })
                if let worker = table.worker(of: session(number)) { #expect(workers.contains { $0.id == worker }) }
            }
            for worker in workers {
                let held = sockets.count { $0.worker == worker.id }
                let others = (1...20 as ClosedRange<UInt64>).count { number in
                    table.worker(of: session(number)) == worker.id && table.sockets(of: session(number)) == 0
                }
                let counted = table.sessions(of: worker.id) ?? -1
                #expect((held...held + others).contains(counted))
                #expect(table.holdsSockets(worker.id) == (held > 0))
            }
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `the counts are right and WebSockets stay where they are`(seed: UInt64) {
        var run = Run(seed: seed)
        for _ in 0..<500 { run.step() }
        run.sockets.forEach { run.table.socketClosed(session($0.session), on: $0.worker, at: run.now) }
        run.table.expire(at: run.now + .seconds(10_000))
        // Both lists are emptied: what was present is remembered first.
        run.table.expire(at: run.now + .seconds(20_000))
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
