import RequestQueue
import Sessions
import Telemetry
import Testing
import WorkerLink

@testable import Front
@testable import Workers

/// Browsers that stay with a worker, from the request to the cookie.
@Suite struct StickySessionsTests {
    private func get(_ path: String = "/", cookie: String? = nil, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: x\r\n\(cookie.map { "Cookie: \($0)\r\n" } ?? "")\(fields)\r\n"
    }

    private func makeFront(processes: Int = 2, _ change: (inout StickyConfiguration) -> Void = { _ in }) throws
        -> FrontUnderTest
    {
        try FrontUnderTest(processes: processes) { configuration in
            configuration.sticky.rule = .cookie
            change(&configuration.sticky)
        }
    }

    /// Has a worker answer its request, and returns the cookie that comes with it.
    private func answer(_ front: FrontUnderTest, _ worker: Int, to client: Client) throws -> String? {
        let request = try #require(try front.workers[worker].take())
        front.workers[worker].respond(request.stream)
        front.visit()
        let lines = try client.text().split(separator: "\r\n")
        #expect(lines.first == "HTTP/1.1 200 OK")
        let name = "Set-Cookie: "
        return lines.first { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count).prefix { $0 != ";" }) }
    }

    @Test func `a browser is given a cookie, and comes back to its worker`() throws {
        let front = try makeFront()
        let (first, second) = (try front.connect(), try front.connect())
        try first.send(get())
        let cookie = try #require(try answer(front, 0, to: first))
        try second.send(get())
        _ = try answer(front, 1, to: second)
        for _ in 0..<3 {
            try first.send(get(cookie: "a=b; \(cookie)"))
            #expect(try answer(front, 0, to: first) == nil)
        }
    }

    @Test func `its request waits for its worker, and others pass`() throws {
        let front = try makeFront()
        let (first, again, other) = (try front.connect(), try front.connect(), try front.connect())
        try first.send(get())
        let cookie = try #require(try answer(front, 0, to: first))
        try first.send(get("/slow", cookie: cookie))
        try again.send(get("/waits", cookie: cookie))
        try other.send(get("/other"))
        #expect(front.dispatcher.queue.pinnedDepth == 1)
        _ = try answer(front, 1, to: other)
        #expect(try front.workers[1].take() == nil)
        #expect(try answer(front, 0, to: first) == nil)
        #expect(try front.workers[0].take()?.path == "/waits")
    }

    @Test func `when its worker ends it moves, and what waited goes on`() throws {
        let front = try makeFront()
        let (first, again) = (try front.connect(), try front.connect())
        try first.send(get())
        let cookie = try #require(try answer(front, 0, to: first))
        try first.send(get("/running", cookie: cookie))
        try again.send(get("/waiting", cookie: cookie))
        front.lose(front.workers[0])
        let table = try #require(front.dispatcher.sticky.router?.table)
        #expect(table.sessions(of: front.workers[0].worker.id) == nil)
        #expect(try front.workers[1].take()?.path == "/running")
        #expect(front.dispatcher.queue.depth == 1)
        #expect(front.dispatcher.queue.pinnedDepth == 0)
    }

    @Test func `a worker that leaves keeps a session only as long as it holds a WebSocket there`() throws {
        let front = try makeFront()
        let (first, second) = (try front.connect(), try front.connect())
        try first.send(get())
        let cookie = try #require(try answer(front, 0, to: first))
        let worker = front.workers[0].worker
        let name = Array(cookie.utf8.dropFirst("roost_session=".utf8.count))
        let session = name.withUnsafeBytes { SessionID(text: $0) }
        front.dispatcher.sticky.socketOpened(session, on: worker.id, at: MonotonicClock.now())
        front.dispatcher.retire(worker)
        try first.send(get(cookie: cookie))
        _ = try answer(front, 0, to: first)
        try second.send(get())
        _ = try answer(front, 1, to: second)
        front.dispatcher.sticky.socketClosed(session, on: worker.id, at: MonotonicClock.now())
        try first.send(get(cookie: cookie))
        _ = try answer(front, 1, to: first)
        #expect(front.dispatcher.sticky.router?.table.movedFromLeaving == 1)
    }

    @Test func `what came before there was a worker belongs to the one that answers it`() throws {
        let front = try makeFront(processes: 0)
        let client = try front.connect()
        try client.send(get())
        try front.addWorker(threads: 1)
        front.dispatcher.pump(at: MonotonicClock.now())
        let cookie = try #require(try answer(front, 0, to: client))
        let session = try #require(
            Array(cookie.utf8.dropFirst("roost_session=".utf8.count)).withUnsafeBytes { SessionID(text: $0) }
        )
        #expect(front.dispatcher.sticky.router?.table.worker(of: session) == front.workers[0].worker.id)
    }

    @Test func `by itself only for apps that say that they need it`() throws {
        let front = try FrontUnderTest(processes: 2)
        let client = try front.connect()
        try client.send(get())
        #expect(try answer(front, 0, to: client) == nil)
        front.dispatcher.sticky.add(WorkerID(raw: 9), needsSessions: true)
        try client.send(get())
        #expect(try answer(front, 0, to: client) != nil)
        front.dispatcher.sticky.add(WorkerID(raw: 10), needsSessions: false)
        try client.send(get())
        #expect(try answer(front, 0, to: client) == nil)
    }

    @Test func `the cookie has the name that was configured, and is not secure over HTTP`() throws {
        let front = try makeFront { $0.cookie.name = "n" }
        let client = try front.connect()
        try client.send(get())
        let request = try #require(try front.worker.take())
        front.worker.respond(request.stream)
        front.visit()
        let text = try client.text()
        #expect(text.contains("Set-Cookie: n=") && !text.contains("Secure"))
    }

    @Test func `without a seat a newcomer is turned away at the door`() throws {
        let front = try makeFront(processes: 1) { $0.policy.seatsPerWorker = 1 }
        let (first, second) = (try front.connect(), try front.connect())
        try first.send(get())
        let cookie = try #require(try answer(front, 0, to: first))
        try first.send(get("/_stcore/health", cookie: cookie))
        _ = try answer(front, 0, to: first)
        try second.send(get("/_stcore/health", cookie: "roost_session=0123456789abcdef0123456789abcdef"))
        let refusal = try second.text()
        #expect(refusal.hasPrefix("HTTP/1.1 503 "))
        #expect(refusal.contains("Retry-After: "))
        #expect(front.dispatcher.metrics.refused["no_seat"] == 1)
    }
}
