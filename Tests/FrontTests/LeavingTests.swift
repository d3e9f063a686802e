import NIOCore
import NIOEmbedded
import RequestQueue
import Telemetry
import Testing
import WorkerLink

@testable import Front

/// Clients and workers that leave, and what is laid ready meanwhile.
@Suite struct LeavingTests {
    private let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test func `a client that leaves while it waits never reaches the lane`() throws {
        let front = try FrontUnderTest()
        let first = try front.connect()
        let second = try front.connect()
        let third = try front.connect()
        try first.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        try second.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        try third.send("GET /3 HTTP/1.1\r\nHost: x\r\n\r\n")
        let request = try #require(try front.worker.take())
        #expect(request.path == "/1")
        second.leave()
        #expect(front.dispatcher.queue.depth == 1)
        front.worker.respond(request.stream)
        front.visit()
        #expect(try front.worker.take()?.path == "/3")
        #expect(front.dispatcher.metrics.clientsLeft["waiting"] == 1)
    }

    @Test func `a client that has said all and waits is taken to have left`() throws {
        let front = try FrontUnderTest()
        let first = try front.connect()
        let second = try front.connect()
        try first.send(get)
        try second.send(get)
        second.closeInput()
        #expect(second.isClosed)
        #expect(front.dispatcher.queue.depth == 0)
    }

    @Test func `a client that has said all and whose request runs is answered, and then closed`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send(get)
        client.closeInput()
        #expect(!client.isClosed)
        let request = try #require(try front.worker.take())
        front.worker.respond(request.stream, body: [65])
        front.visit()
        let (head, body) = parted(try client.bytes())
        #expect(head.contains("\r\nConnection: close\r\n"))
        #expect(body == [65])
        #expect(client.isClosed)
    }

    /// ```
    ///   client                          front
    ///   GET, Connection: close ──▶
    ///                              ◀──  the answer, more than the socket takes
    ///   says that it has said all ──▶   goes on sending
    /// ```
    @Test func `a client that says it has said all while its last answer is on the way still gets it`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        let request = try #require(try front.worker.take())
        client.setSocketFull(true)
        front.worker.respond(request.stream, body: pattern(5_000))
        front.visit()
        client.closeInput()
        #expect(!client.isClosed)
        client.setSocketFull(false)
        #expect(parted(try client.bytes()).body == pattern(5_000))
        #expect(client.isClosed)
    }

    @Test func `a worker is told of a client that left, and its thread is busy until it says so`() throws {
        let front = try FrontUnderTest()
        let first = try front.connect()
        let second = try front.connect()
        try first.send(get)
        let request = try #require(try front.worker.take())
        #expect(!front.worker.isCancelled(request.stream))
        first.leave()
        #expect(front.worker.isCancelled(request.stream))
        try second.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try front.worker.take() == nil)
        front.worker.respond(request.stream, body: [65], isWhole: false)
        front.worker.send(.abort, request.stream)
        front.visit()
        let next = try #require(try front.worker.take())
        #expect(next.path == "/next")
        #expect(!front.worker.isCancelled(next.stream))
        #expect(front.violations.isEmpty)
    }

    @Test func `a worker that breaks the protocol is ended, and its clients are answered 502`() throws {
        let front = try FrontUnderTest(processes: 2)
        let clients = try (0..<3).map { _ in try front.connect() }
        for client in clients { try client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n") }
        let requests = try front.workers.map { try #require(try $0.take()) }
        front.workers[0].send(.chunk, requests[0].stream, [1])
        front.visit()
        #expect(front.violations == [.unexpectedFrame])
        #expect(front.dispatcher.metrics.workerProtocolErrors == 1)
        front.lose(front.workers[0])
        front.loop.run()
        let answers = try clients.map { try $0.text() }.filter { !$0.isEmpty }
        #expect(answers.count == 1)
        #expect(answers.first?.hasPrefix("HTTP/1.1 502 ") == true)
        #expect(clients.allSatisfy { !$0.isClosed })
        // The other worker goes on, with what waited too.
        front.workers[1].respond(requests[1].stream)
        front.visit()
        #expect(try front.workers[1].take() != nil)
    }

    @Test func `an answer that had begun when its worker died is cut off`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send(get)
        let request = try #require(try front.worker.take())
        front.worker.respond(request.stream, body: [65], isWhole: false)
        front.visit()
        front.lose(front.worker)
        front.loop.run()
        #expect(parted(try client.bytes()).body == Array("1\r\nA\r\n".utf8))
        #expect(client.isClosed)
    }

    @Test func `a request that no thread had begun survives its worker`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send(get)
        front.lose(front.worker)
        front.loop.run()
        #expect(!client.isClosed)
        let other = try front.addWorker(threads: 1)
        front.dispatcher.pump(at: MonotonicClock.now())
        let request = try #require(try other.take())
        #expect(request.path == "/a")
        other.respond(request.stream, body: [65])
        front.visit()
        #expect(try client.text().hasSuffix("A"))
        #expect(front.dispatcher.queue.idleThreads == 1)
    }

    // MARK: Laid ready

    /// A front whose requests are believed to be quick, with one request that runs and others laid ready behind it.
    private func makeStaged(_ count: Int) throws -> (front: FrontUnderTest, running: TakenRequest, clients: [Client]) {
        let front = try FrontUnderTest()
        front.makeQuick()
        // The clock runs while the test does.
        front.dispatcher.patience = .seconds(3600)
        let clients = try (0...count).map { _ in try front.connect() }
        for (number, client) in clients.enumerated() { try client.send("GET /\(number) HTTP/1.1\r\nHost: x\r\n\r\n") }
        let running = try #require(try front.worker.take())
        #expect(running.path == "/0")
        #expect(front.dispatcher.queue.stagedCount == count)
        return (front, running, clients)
    }

    @Test func `requests laid ready are answered in order without another dispatch`() throws {
        let (front, running, clients) = try makeStaged(3)
        front.worker.respond(running.stream)
        // The worker goes on before the front has looked.
        for number in 1...3 {
            let request = try #require(try front.worker.take())
            #expect(request.path == "/\(number)")
            front.worker.respond(request.stream, body: Array("answer \(number)".utf8))
        }
        front.visit()
        for (number, client) in clients.enumerated().dropFirst() {
            #expect(try client.text().hasSuffix("answer \(number)"))
        }
        #expect(front.dispatcher.queue.idleThreads == 1)
        #expect(front.dispatcher.queue.stagedCount == 0)
        #expect(front.violations.isEmpty)
    }

    @Test func `a request laid ready is recalled when its client leaves`() throws {
        let (front, running, clients) = try makeStaged(3)
        clients[2].leave()
        #expect(front.dispatcher.queue.stagedCount == 2)
        #expect(front.dispatcher.metrics.clientsLeft["waiting"] == 1)
        front.worker.respond(running.stream)
        let paths = try [1, 3].map { _ in
            let request = try #require(try front.worker.take())
            front.worker.respond(request.stream)
            return request.path
        }
        #expect(paths == ["/1", "/3"])
        #expect(try front.worker.take() == nil)
        front.visit()
        #expect(front.dispatcher.queue.idleThreads == 1)
        #expect(front.violations.isEmpty)
    }

    @Test func `a client that has said all and whose request lies ready is taken to have left`() throws {
        let (front, _, clients) = try makeStaged(2)
        clients[1].closeInput()
        #expect(clients[1].isClosed)
        #expect(front.dispatcher.queue.stagedCount == 1)
    }

    @Test func `a request that the worker has claimed is not recalled but cancelled`() throws {
        let (front, running, clients) = try makeStaged(2)
        front.worker.respond(running.stream)
        let claimed = try #require(try front.worker.take())
        clients[1].leave()
        #expect(front.worker.isCancelled(claimed.stream))
        front.worker.send(.abort, claimed.stream)
        let last = try #require(try front.worker.take())
        #expect(last.path == "/2")
        front.worker.respond(last.stream, body: [65])
        front.visit()
        #expect(try clients[2].text().hasSuffix("A"))
        #expect(front.dispatcher.queue.idleThreads == 1)
        #expect(front.violations.isEmpty)
    }

    @Test func `what lies ready behind a slow request is given to another thread`() throws {
        let (front, running, clients) = try makeStaged(2)
        let other = try front.addWorker(threads: 1)
        front.dispatcher.patience = .zero
        front.loop.advanceTime(by: .milliseconds(2))
        // It is the other's now; the second waits, or lies ready behind the first.
        let moved = try #require(try other.take())
        #expect(moved.path == "/1")
        other.respond(moved.stream, body: [65])
        front.visit()
        #expect(try clients[1].text().hasSuffix("A"))
        front.worker.respond(running.stream)
        front.visit()
        let last = try [front.worker, other].compactMap { try $0.take() }
        #expect(last.map(\.path) == ["/2"])
        #expect(front.violations.isEmpty)
    }

    @Test func `a dead worker's requests are given to others if it had not claimed them`() throws {
        let (front, running, clients) = try makeStaged(3)
        front.worker.respond(running.stream)
        let claimed = try #require(try front.worker.take())
        #expect(claimed.path == "/1")
        front.lose(front.worker)
        front.loop.run()
        // The first was answered, but the front had not seen that; the second was claimed. Both are safe, and run again.
        #expect(front.dispatcher.metrics.retries["worker_ended"] == 2)
        #expect(front.dispatcher.metrics.retries["not_begun"] == 2)
        let other = try front.addWorker(threads: 2)
        front.dispatcher.pump(at: MonotonicClock.now())
        var paths: [String] = []
        for lane in 0..<2 {
            while let request = try other.take(lane) {
                paths.append(request.path)
                other.respond(request.stream, lane: lane, body: [65])
                front.visit()
            }
        }
        #expect(paths.sorted() == ["/0", "/1", "/2", "/3"])
        #expect(try clients[2].text().hasSuffix("A"))
        #expect(try clients[3].text().hasSuffix("A"))
    }

    @Test func `a large request is not laid ready`() throws {
        let front = try FrontUnderTest()
        front.makeQuick()
        let first = try front.connect()
        let second = try front.connect()
        try first.send(get)
        try second.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n")
        try second.send(pattern(5_000))
        #expect(front.dispatcher.queue.depth == 1)
        #expect(front.dispatcher.queue.stagedCount == 0)
        let request = try #require(try front.worker.take())
        #expect(try front.worker.take() == nil)
        front.worker.respond(request.stream)
        front.visit()
        #expect(try front.worker.take()?.body == pattern(5_000))
    }

    // MARK: Time and drain

    @Test func `a head that takes too long is answered 408, an idle connection closed without a word`() throws {
        let front = try FrontUnderTest()
        let slow = try front.connect()
        let idle = try front.connect()
        try slow.send("GET / HT")
        front.core.sweep(at: MonotonicClock.now())
        #expect(!slow.isClosed && !idle.isClosed)
        front.core.sweep(at: MonotonicClock.now() + .seconds(16))
        front.loop.run()
        #expect(try slow.text().hasPrefix("HTTP/1.1 408 "))
        #expect(slow.isClosed)
        #expect(try idle.text() == "")
        #expect(idle.isClosed)
        #expect(front.core.connections.isEmpty)
    }

    @Test func `a body slower than the least rate is answered 408`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc")
        front.core.sweep(at: MonotonicClock.now() + .seconds(4))
        #expect(!client.isClosed)
        front.core.sweep(at: MonotonicClock.now() + .seconds(6))
        front.loop.run()
        #expect(try client.text().hasPrefix("HTTP/1.1 408 "))
        #expect(client.isClosed)
    }

    @Test func `a client that takes nothing of its answer is closed after a while`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send(get)
        let request = try #require(try front.worker.take())
        client.setWritable(false)
        front.worker.respond(request.stream, body: pattern(1_000), isWhole: false)
        front.worker.send(.end, request.stream)
        front.visit()
        front.core.sweep(at: MonotonicClock.now())
        front.core.sweep(at: MonotonicClock.now() + .seconds(59))
        #expect(!client.isClosed)
        front.core.sweep(at: MonotonicClock.now() + .seconds(61))
        front.loop.run()
        #expect(client.isClosed)
    }

    @Test func `a drain closes what idles at once and the others after their answer`() throws {
        let front = try FrontUnderTest()
        let idle = try front.connect()
        let busy = try front.connect()
        try busy.send(get)
        let request = try #require(try front.worker.take())
        front.core.drain()
        front.loop.run()
        #expect(idle.isClosed)
        #expect(!busy.isClosed)
        front.worker.respond(request.stream, body: [65])
        front.visit()
        let (head, body) = parted(try busy.bytes())
        #expect(head.contains("\r\nConnection: close\r\n"))
        #expect(body == [65])
        #expect(busy.isClosed)
    }

    @Test func `a connection behind a proxy begins with who it is from`() throws {
        let front = try FrontUnderTest { $0.expectsProxyProtocol = true }
        let client = try front.connect()
        try client.send("PROXY TCP4 198.51.100.1 10.0.0.1 5555 80\r\n" + get)
        #expect(try front.worker.nextPart(.clientAddress) == "198.51.100.1")
        #expect(try front.worker.nextPart(.clientPort) == "5555")
        let stranger = try front.connect()
        try stranger.send(get)
        front.loop.run()
        #expect(stranger.isClosed)
        #expect(try stranger.text() == "")
    }
}
