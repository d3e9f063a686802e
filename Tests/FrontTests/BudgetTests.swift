import RequestQueue
import Testing

@testable import Front

/// Bounds of what all clients take together.
@Suite struct BudgetTests {
    private final class Socket {}

    private let sockets = (0..<5).map { _ in Socket() }
    private func id(_ index: Int) -> ObjectIdentifier { ObjectIdentifier(sockets[index]) }
    private let first = WorkerID(raw: 1)
    private let second = WorkerID(raw: 2)

    /// A value in a box, for an expectation may not change one.
    private final class Messages {
        private var value: UnfinishedMessages
        var byteCount: Int { value.byteCount }

        init(perWorker: Int, inAll: Int) {
            value = UnfinishedMessages(limits: .init(perWorker: perWorker, inAll: inAll))
        }

        func note(_ byteCount: Int, of socket: ObjectIdentifier, to worker: WorkerID) -> ObjectIdentifier? {
            value.note(byteCount, of: socket, to: worker)
        }

        func forget(_ socket: ObjectIdentifier) { value.forget(socket) }
    }

    /// The same of what lies free.
    private final class Memory {
        private var value: MemoryReturn

        init(at now: Instant) { value = MemoryReturn(at: now) }

        func isDue(at now: Instant) -> Bool { value.isDue(at: now) }

        func look(_ mebibytes: UInt64, isIdle: Bool, at now: Instant) -> Bool {
            value.look(freed: mebibytes << 20, isIdle: isIdle, at: now)
        }

        func gaveBack(_ mebibytes: UInt64) { value.gaveBack(mebibytes << 20) }
    }

    @Test func `the largest unfinished message goes when a worker has too much of them`() {
        let messages = Messages(perWorker: 100, inAll: 0)
        #expect(messages.note(70, of: id(0), to: first) == nil)
        #expect(messages.note(10, of: id(1), to: first) == nil)
        #expect(messages.note(90, of: id(2), to: second) == nil, "each worker has its own")
        #expect(messages.note(31, of: id(1), to: first) == id(0))
        messages.forget(id(0))
        #expect(messages.note(100, of: id(1), to: first) == nil)
        #expect(messages.byteCount == 190)
    }

    @Test func `the largest of all goes when all have too much`() {
        let messages = Messages(perWorker: 0, inAll: 100)
        #expect(messages.note(60, of: id(0), to: first) == nil)
        #expect(messages.note(41, of: id(1), to: second) == id(0))
        #expect(messages.note(0, of: id(0), to: first) == nil)
        #expect(messages.byteCount == 41)
    }

    @Test func `a message that is alone may have what one may have`() {
        let messages = Messages(perWorker: 100, inAll: 100)
        #expect(messages.note(1_000, of: id(0), to: first) == nil)
        #expect(messages.note(1, of: id(1), to: first) == id(0))
    }

    @Test func `without limits nothing is too much`() {
        let messages = Messages(perWorker: 0, inAll: 0)
        for index in sockets.indices { #expect(messages.note(1 << 40, of: id(index), to: first) == nil) }
        for index in sockets.indices { messages.forget(id(index)) }
        #expect(messages.byteCount == 0)
    }

    @Test func `spool files share what they may take, and give it back`() throws {
        let budget = SpoolBudget(directory: "/tmp", limit: 1_000)
        do {
            let file = try SpoolFile(in: "/tmp", budget: budget)
            try pattern(600).withUnsafeBytes { try file.append($0) }
            let other = try SpoolFile(in: "/tmp", budget: budget)
            #expect(throws: SpoolError.self) { try pattern(401).withUnsafeBytes { try other.append($0) } }
            try pattern(400).withUnsafeBytes { try other.append($0) }
            #expect(budget.isFull)
            // A response is counted, and its app waits instead.
            let response = try SpoolFile(in: "/tmp", budget: budget, waitsForRoom: true)
            try pattern(10).withUnsafeBytes { try response.append($0) }
            #expect(budget.used == 1_010)
            #expect(!budget.hasRoom(for: 0))
            #expect(!budget.hasRoom(for: .max))
            withExtendedLifetime((file, other, response)) {}
        }
        #expect(budget.used == 0)
        #expect(budget.hasRoom(for: 1_000))
        #expect(!budget.hasRoom(for: 1_001))
    }

    @Test func `half of what is free without our files is theirs`() {
        #expect(SpoolBudget.share(used: 0, free: 1_000) == 500)
        #expect(SpoolBudget.share(used: 400, free: 600) == 500)
        #expect(SpoolBudget.share(used: .max, free: .max) == .max / 2)
        #expect(SpoolBudget(directory: "/tmp", limit: 0).hasRoom(for: 1 << 60))
        #expect(SpoolBudget(directory: "/nowhere/at/all", limit: nil).hasRoom(for: 1 << 40))
        #expect(!SpoolBudget(directory: "/tmp", limit: nil).hasRoom(for: .max / 2))
    }

    @Test func `memory is given back when much was freed and the front idles`() {
        let start = Instant(nanoseconds: 0)
        func after(_ seconds: UInt64) -> Instant { start + Nanoseconds.seconds(seconds) }
        let memory = Memory(at: start)
        #expect(!memory.isDue(at: after(1)))
        #expect(memory.isDue(at: after(5)))
        #expect(!memory.look(10, isIdle: true, at: after(5)), "not worthwhile")
        #expect(!memory.look(20, isIdle: true, at: after(10)), "not worthwhile")
        #expect(!memory.look(500, isIdle: false, at: after(15)))
        #expect(memory.isDue(at: after(16)), "an idle moment is looked for at once")
        #expect(memory.look(500, isIdle: true, at: after(16)))
        memory.gaveBack(500)
        #expect(!memory.look(510, isIdle: true, at: after(21)), "that is the system's already")
        #expect(!memory.look(20, isIdle: true, at: after(26)), "it is in use again")
        #expect(!memory.look(300, isIdle: false, at: after(30)))
        #expect(memory.look(300, isIdle: false, at: after(91)), "a busy front does it at last")
    }

    @Test func `a peak that came and went before the first look is given back`() {
        let start = Instant(nanoseconds: 0)
        let memory = Memory(at: start)
        #expect(memory.look(500, isIdle: true, at: start + Nanoseconds.seconds(5)))
    }
}
