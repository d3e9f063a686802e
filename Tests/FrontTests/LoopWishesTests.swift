import NIOCore
import NIOEmbedded
import RequestQueue
import Testing
import WorkerLink

@testable import Front
@testable import Workers

/// What an app on an event loop says of its request besides the answer: more time, once more, trailer fields.
@Suite struct LoopWishesTests {
    private func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n"
    }

    private func advanced(_ milliseconds: UInt64) -> Instant { MonotonicClock.now() + .milliseconds(milliseconds) }

    private func bytes(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }

    // MARK: More time

    @Test func `an app can put the deadline of its request off, and of no other`() throws {
        let front = try FrontUnderTest(concurrency: 2) { $0.requests.timeout = .seconds(10) }
        let clients = try (0..<2).map { _ in try front.connect() }
        for client in clients { try client.send(get("/")) }
        let streams = try (0..<2).map { _ in try #require(try front.worker.takeStream()).stream }
        front.worker.send(.extend, streams[1], bytes(advanced(30_000).nanoseconds))
        front.visit()
        front.dispatcher.supervise(at: advanced(11_000))
        #expect(try clients[0].text().hasPrefix("HTTP/1.1 504 "))
        #expect(try clients[1].text().isEmpty)
        front.dispatcher.supervise(at: advanced(31_000))
        #expect(try clients[1].text().hasPrefix("HTTP/1.1 504 "))
        #expect(front.violations.isEmpty)
    }

    // MARK: Once more

    @Test(arguments: [true, false])
    func `a POST goes to another worker only if its app has said that it may`(_ isMarked: Bool) throws {
        let front = try FrontUnderTest(concurrency: 2)
        let client = try front.connect()
        try client.send("POST /once HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        let request = try #require(try front.worker.takeStream())
        if isMarked { front.worker.send(.idempotent, request.stream) }
        front.visit()
        let other = try front.addWorker(threads: 1, concurrency: 2)
        front.lose(front.worker)
        #expect(try other.takeStream()?.body == (isMarked ? Array("abc".utf8) : nil))
        #expect(try client.text().hasPrefix("HTTP/1.1 502 ") == !isMarked)
        // What was said of the first run holds for that one.
        if isMarked {
            front.lose(other)
            #expect(try client.text().hasPrefix("HTTP/1.1 502 "))
        }
    }

    @Test func `a wish for a request that is over is nothing, and one of a thread's lane ends the worker`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(get("/"))
        let request = try #require(try front.worker.takeStream())
        front.worker.respond(request.stream)
        front.worker.send(.idempotent, request.stream)
        front.worker.send(.extend, request.stream, bytes(1))
        front.visit()
        #expect(front.violations.isEmpty)

        let other = try FrontUnderTest(threads: 1)
        let second = try other.connect()
        try second.send(get("/"))
        let taken = try #require(try other.worker.take())
        other.worker.send(.idempotent, taken.stream)
        other.visit()
        #expect(other.violations == [.unexpectedFrame])
    }

    // MARK: Trailer fields

    private func field(_ name: String, _ value: String) -> [UInt8] {
        let lengths = [UInt8(name.utf8.count), 0, 0, 0, UInt8(value.utf8.count), 0, 0, 0]
        return lengths + Array(name.utf8) + Array(value.utf8)
    }

    /// What the client gets of an answer that ends with `trailers`.
    private func answer(to request: String, trailers: [UInt8], length: Int? = nil) throws -> (text: String, cut: Bool) {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(request)
        let stream = try #require(try front.worker.takeStream()).stream
        front.worker.respond(stream, body: [65], length: length, isWhole: false)
        front.worker.send(.end, stream, trailers)
        front.visit()
        #expect(front.violations.isEmpty)
        return (try client.text(), client.isClosed)
    }

    @Test func `trailers go out behind the last chunk, to who has asked for them`() throws {
        let trailers = field("X-A", "1") + field("x-b", "2")
        #expect(
            try answer(to: get("/", "TE: trailers\r\n"), trailers: trailers).text
                .hasSuffix("\r\n\r\n1\r\nA\r\n0\r\nX-A: 1\r\nx-b: 2\r\n\r\n")
        )
        #expect(try answer(to: get("/"), trailers: trailers).text.hasSuffix("\r\n\r\n1\r\nA\r\n0\r\n\r\n"))
        let known = try answer(to: get("/", "TE: trailers\r\n"), trailers: trailers, length: 1)
        #expect(known.text.hasSuffix("\r\n\r\nA") && !known.cut)
    }

    @Test func `trailers that may not be sent cut the answer`() throws {
        for trailers in [field("Content-Length", "1"), field("x-a", "1\r\n\r\nGET"), [1, 2, 3]] {
            let answer = try answer(to: get("/", "TE: trailers\r\n"), trailers: trailers)
            #expect(answer.text.hasSuffix("\r\n\r\n1\r\nA\r\n") && answer.cut)
        }
    }

    // MARK: Messages that nobody reads

    @Test func `an event loop that does not read its clients' messages gets no requests`() throws {
        let front = try FrontUnderTest(concurrency: 2)
        let client = try front.connect()
        try client.send(
            get(
                "/",
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            )
        )
        let socket = try #require(try front.worker.takeStream())
        front.worker.respond(socket.stream, status: 101, isWhole: false)
        front.visit()
        #expect(try client.text().hasPrefix("HTTP/1.1 101 "))
        let message: [UInt8] = [0x81, 0x81, 0, 0, 0, 0, 65]
        try client.send(message)
        #expect(try front.worker.takeFrames().map(\.kind).contains(.message))
        let seat = try #require(front.dispatcher.seats.first)
        let now = MonotonicClock.now()
        for time: UInt64 in [0, 600, 1200] { front.dispatcher.supervise(at: now + .milliseconds(time)) }
        #expect(!seat.pulse.isHeld)
        try client.send(message)
        for time: UInt64 in [1300, 1900, 2400] { front.dispatcher.supervise(at: now + .milliseconds(time)) }
        #expect(seat.pulse.isHeld)
        _ = try front.worker.takeFrames()
        front.dispatcher.supervise(at: now + .milliseconds(2500))
        #expect(!seat.pulse.isHeld)
    }
}
