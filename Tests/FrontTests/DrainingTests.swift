import RequestQueue
import Testing

@testable import Front
@testable import Workers

/// A worker that is to leave, while others serve on.
@Suite struct `A worker that leaves` {
    private static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n" }

    @Test func `gets no more requests, and the next goes to another`() throws {
        let front = try FrontUnderTest(processes: 2)
        front.dispatcher.retire(front.workers[0].worker)
        let clients = try (0..<3).map { _ in try front.connect() }
        for (number, client) in clients.enumerated() { try client.send(Self.get("/\(number)")) }
        #expect(try front.workers[0].take() == nil)
        #expect(try front.workers[1].take()?.path == "/0")
        #expect(front.dispatcher.queue.depth == 2)
    }

    @Test func `is said to be idle when its last request is answered, and not before`() throws {
        let front = try FrontUnderTest(processes: 1, threads: 2)
        var idle: [WorkerID] = []
        front.dispatcher.workerBecameIdle = { idle.append($0.id) }
        let clients = try (0..<2).map { _ in try front.connect() }
        for (number, client) in clients.enumerated() { try client.send(Self.get("/\(number)")) }
        let running = try (0..<2).map { lane in try #require(try front.worker.take(lane)) }
        front.dispatcher.retire(front.worker.worker)
        front.worker.respond(running[0].stream, lane: 0)
        front.visit()
        #expect(idle.isEmpty)
        front.worker.respond(running[1].stream, lane: 1)
        front.visit()
        #expect(idle == [front.worker.worker.id])
        for client in clients { #expect(try client.text().hasPrefix("HTTP/1.1 200")) }
    }

    @Test func `is not said to be idle before it is to leave`() throws {
        let front = try FrontUnderTest()
        var idle = 0
        front.dispatcher.workerBecameIdle = { _ in idle += 1 }
        let client = try front.connect()
        try client.send(Self.get("/"))
        front.worker.respond(try #require(try front.worker.take()).stream)
        front.visit()
        #expect(idle == 0)
    }

    @Test func `gives back what lies ready behind its busy threads`() throws {
        let front = try FrontUnderTest()
        front.makeQuick()
        let clients = try (0...3).map { _ in try front.connect() }
        for (number, client) in clients.enumerated() { try client.send(Self.get("/\(number)")) }
        let running = try #require(try front.worker.take())
        // They lie ready there now, or wait again, on a machine that took two milliseconds to come here.
        #expect(front.dispatcher.queue.depth == 3)
        let successor = try front.addWorker(threads: 1)
        front.dispatcher.retire(front.worker.worker)
        // In their order: the first of them runs, the others wait or lie ready there.
        #expect(try successor.take()?.path == "/1")
        front.worker.respond(running.stream)
        front.visit()
        #expect(front.dispatcher.seat(front.worker.worker.id)?.isIdle == true)
        #expect(try clients[0].text().hasPrefix("HTTP/1.1 200"))
        #expect(front.violations.isEmpty)
    }

    @Test func `nothing is laid ready there any more`() throws {
        let front = try FrontUnderTest()
        front.makeQuick()
        let clients = try (0...1).map { _ in try front.connect() }
        try clients[0].send(Self.get("/0"))
        _ = try #require(try front.worker.take())
        front.dispatcher.retire(front.worker.worker)
        try clients[1].send(Self.get("/1"))
        #expect(front.dispatcher.queue.stagedCount == 0)
        #expect(front.dispatcher.queue.depth == 1)
    }

    @Test func `dies before its thread began a request: another worker gets it`() throws {
        let front = try FrontUnderTest(processes: 2)
        let client = try front.connect()
        try client.send(Self.get("/"))
        front.dispatcher.retire(front.workers[0].worker)
        front.lose(front.workers[0])
        #expect(try front.workers[1].take()?.path == "/")
    }
}
