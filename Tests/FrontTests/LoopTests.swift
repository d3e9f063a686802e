import NIOCore
import NIOEmbedded
import RequestQueue
import Testing
import WorkerLink

@testable import Front
@testable import Workers

/// Requests of an app that runs on an event loop.
@Suite struct LoopTests {
    private func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n" }

    private func post(_ path: String, length: Int, _ fields: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\(fields)\r\n"
    }

    // MARK: Many at once

    @Test func `many requests are in one loop at once, and are answered in any order`() throws {
        let front = try FrontUnderTest(concurrency: 3)
        let clients = try (0..<3).map { _ in try front.connect() }
        for (number, client) in clients.enumerated() { try client.send(get("/\(number)")) }
        let streams = try (0..<3).map { _ in try #require(try front.worker.takeStream()) }
        #expect(streams.map(\.path) == ["/0", "/1", "/2"])
        #expect(Set(streams.map { StreamID(raw: $0.stream).index }) == [0, 1, 2])
        for stream in streams.reversed() { front.worker.respond(stream.stream, body: Array(stream.path.utf8)) }
        front.visit()
        for (number, client) in clients.enumerated() { #expect(try client.text().hasSuffix("\r\n\r\n/\(number)")) }
        #expect(front.violations.isEmpty)
    }

    @Test func `what is beyond the concurrency waits in the queue`() throws {
        let front = try FrontUnderTest(concurrency: 2)
        let clients = try (0..<3).map { _ in try front.connect() }
        for (number, client) in clients.enumerated() { try client.send(get("/\(number)")) }
        let first = try #require(try front.worker.takeStream())
        _ = try #require(try front.worker.takeStream())
        #expect(try front.worker.takeStream() == nil)
        #expect(front.dispatcher.queue.depth == 1)
        front.worker.respond(first.stream)
        front.visit()
        let third = try #require(try front.worker.takeStream())
        #expect(third.path == "/2")
        // The place is the same, the name is not.
        #expect(StreamID(raw: third.stream).index == StreamID(raw: first.stream).index)
        #expect(third.stream != first.stream)
    }

    @Test func `nothing is laid ready for an event loop`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        front.makeQuick()
        let clients = try (0..<3).map { _ in try front.connect() }
        for client in clients { try client.send(get("/")) }
        #expect(try front.worker.takeFrames().count == 1)
        #expect(front.dispatcher.queue.stagedCount == 0)
    }

    @Test func `a frame of a stream that is over ends the worker, except a grant or a line for the log`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(get("/"))
        let request = try #require(try front.worker.takeStream())
        front.worker.respond(request.stream)
        front.worker.grant(10, request.stream)
        front.worker.send(.log, request.stream, [0, 65])
        front.visit()
        #expect(front.violations.isEmpty)
        front.worker.send(.end, request.stream)
        front.visit()
        #expect(front.violations == [.unexpectedFrame])
    }

    @Test func `a stream of a place that the worker does not have ends it`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        front.worker.send(.end, StreamID(number: 7, index: 100_000, isSocket: false).raw)
        front.visit()
        #expect(front.violations == [.unexpectedFrame])
    }

    // MARK: Answers

    @Test func `a client that reads slowly stops the app, and one that reads on lets it go on`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(get("/"))
        let request = try #require(try front.worker.takeStream())
        client.setWritable(false)
        front.worker.respond(request.stream, isWhole: false)
        let piece = pattern(60_000)
        for _ in 0..<4 { front.worker.send(.chunk, request.stream, piece) }
        front.visit()
        #expect(try front.worker.takeFrames().isEmpty)
        client.setWritable(true)
        let credit = try front.worker.takeFrames()
        #expect(credit.allSatisfy { $0.kind == .credit && $0.stream == request.stream })
        #expect(credit.reduce(0) { $0 + $1.number } > 4 * piece.count)
        front.worker.send(.end, request.stream)
        front.visit()
        expectSame(unchunked(parted(try client.bytes()).body), piece + piece + piece + piece)
        #expect(front.violations.isEmpty)
    }

    @Test func `time does not run while a client is behind with what was sent in one go`() throws {
        let front = try FrontUnderTest(concurrency: 1) { $0.requests.timeout = .seconds(10) }
        let client = try front.connect()
        try client.send(get("/"))
        let request = try #require(try front.worker.takeStream())
        front.worker.respond(request.stream, isWhole: false)
        for _ in 0..<3 { front.worker.send(.chunk, request.stream, pattern(60_000)) }
        front.visit()
        client.setWritable(false)
        front.dispatcher.supervise(at: MonotonicClock.now() + .seconds(11))
        #expect(!client.isClosed)
        client.setWritable(true)
        front.dispatcher.supervise(at: MonotonicClock.now() + .seconds(22))
        #expect(client.isClosed)
    }

    @Test func `large pieces that lie one behind the other are one chunk of the answer`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(get("/"))
        let request = try #require(try front.worker.takeStream())
        front.worker.respond(request.stream, isWhole: false)
        let pieces = [pattern(5000), pattern(6000), pattern(7)]
        for piece in pieces { front.worker.send(.chunk, request.stream, piece) }
        front.worker.send(.end, request.stream)
        front.visit()
        let body = parted(try client.bytes()).body
        #expect(body.prefix(6) == Array("2aff\r\n".utf8)[...])
        expectSame(unchunked(body), pieces.flatMap { $0 })
    }

    @Test(arguments: [0, 1, 5000, 5001, 10_999])
    func `pieces beyond what the head promised are cut`(length: Int) throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(get("/"))
        let request = try #require(try front.worker.takeStream())
        front.worker.respond(request.stream, length: length, isWhole: false)
        let pieces = [pattern(5000), pattern(6000)]
        for piece in pieces { front.worker.send(.chunk, request.stream, piece) }
        front.worker.send(.end, request.stream)
        front.visit()
        expectSame(parted(try client.bytes()).body, Array(pieces.joined().prefix(length)))
    }

    @Test func `pieces of two answers that lie among one another go to their own clients`() throws {
        let front = try FrontUnderTest(concurrency: 2)
        let clients = try (0..<2).map { _ in try front.connect() }
        var streams: [UInt64] = []
        for client in clients {
            try client.send(get("/"))
            streams.append(try #require(try front.worker.takeStream()).stream)
        }
        for stream in streams { front.worker.respond(stream, isWhole: false) }
        for (index, size) in [(0, 5000), (0, 5001), (1, 5002), (0, 5003), (1, 5004), (1, 5005)] {
            front.worker.send(.chunk, streams[index], pattern(size))
        }
        for stream in streams { front.worker.send(.end, stream) }
        front.visit()
        expectSame(
            unchunked(parted(try clients[0].bytes()).body),
            pattern(5000) + pattern(5001) + pattern(5003)
        )
        expectSame(
            unchunked(parted(try clients[1].bytes()).body),
            pattern(5002) + pattern(5004) + pattern(5005)
        )
    }

    @Test func `an app that does not stop for a slow client is ended`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(get("/"))
        let request = try #require(try front.worker.takeStream())
        client.setWritable(false)
        front.worker.respond(request.stream, isWhole: false)
        for _ in 0..<6 { front.worker.send(.chunk, request.stream, pattern(60_000)) }
        front.visit()
        #expect(front.violations == [.creditExceeded])
    }

    @Test func `a long answer to a client that keeps up needs credit and gets it`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(get("/"))
        let request = try #require(try front.worker.takeStream())
        front.worker.respond(request.stream, isWhole: false)
        var window = SendWindow()
        var sent: [UInt8] = []
        for _ in 0..<40 {
            #expect(window.isOpen)
            let piece = pattern(50_000)
            front.worker.send(.chunk, request.stream, piece)
            window.sent(piece.count)
            sent += piece
            front.visit()
            for frame in try front.worker.takeFrames() where frame.kind == .credit { window.granted(frame.number) }
        }
        front.worker.send(.end, request.stream)
        front.visit()
        expectSame(unchunked(parted(try client.bytes()).body), sent)
    }

    // MARK: Bodies

    @Test func `a small body comes whole with its request`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(post("/", length: 10) + "01234")
        #expect(try front.worker.takeFrames().isEmpty)
        try client.send("56789")
        let request = try #require(try front.worker.takeStream())
        #expect(request.body == Array("0123456789".utf8))
        #expect(!request.bodyFollows)
    }

    @Test func `a large body goes on as it comes, byte for byte`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        let body = pattern(1_000_000)
        try client.send(post("/", length: body.count))
        let request = try #require(try front.worker.takeStream())
        #expect(request.bodyFollows)
        var received = request.body
        var isComplete = false
        for start in stride(from: 0, to: body.count, by: 40_000) {
            try client.send(body[start..<min(start + 40_000, body.count)])
            for frame in try front.worker.takeFrames() {
                #expect(frame.kind == .body)
                #expect(!isComplete)
                received += frame.payload
                isComplete = frame.isLast
                front.worker.grant(FrameHeader.footprint(frame.payload.count), request.stream)
            }
            front.visit()
        }
        #expect(isComplete)
        expectSame(received, body)
        front.worker.respond(request.stream)
        front.visit()
        #expect(try client.text().hasPrefix("HTTP/1.1 200 "))
        // The connection is good for another.
        try client.send(get("/next"))
        #expect(try front.worker.takeStream()?.path == "/next")
    }

    @Test func `a body in chunks goes on as it comes, and what follows it is the next request`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        let request = try #require(try front.worker.takeStream())
        #expect(request.body == Array("abc".utf8))
        #expect(request.bodyFollows)
        try client.send("2\r\nde\r")
        try client.send("\n0\r\n\r\n" + get("/next"))
        let frames = try front.worker.takeFrames()
        #expect(frames.flatMap(\.payload) == Array("de".utf8))
        #expect(frames.map(\.isLast) == [false, true] || frames.map(\.isLast) == [true])
        front.worker.respond(request.stream)
        front.visit()
        #expect(try front.worker.takeStream()?.path == "/next")
    }

    @Test func `an app that does not take its body stops the client`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(post("/", length: 10_000_000))
        _ = try #require(try front.worker.takeStream())
        var sent = 0
        while client.connection.isReading, sent < 10_000_000 {
            try client.send(pattern(32_000))
            sent += 32_000
        }
        #expect(sent < SendWindow.initial + 4 * RequestUpload.mostPending)
        let frames = try front.worker.takeFrames()
        #expect(frames.reduce(0) { $0 + $1.payload.count } <= SendWindow.initial + RequestUpload.mostPending)
        front.worker.grant(frames.reduce(0) { $0 + FrameHeader.footprint($1.payload.count) }, frames[0].stream)
        front.visit()
        #expect(client.connection.isReading)
    }

    @Test func `a client is told to go on when its request has a place`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let busy = try front.connect()
        try busy.send(get("/"))
        let first = try #require(try front.worker.takeStream())
        let client = try front.connect()
        try client.send(post("/", length: 100_000, "Expect: 100-continue\r\n"))
        #expect(try client.text().isEmpty)
        front.worker.respond(first.stream)
        front.visit()
        #expect(try client.text() == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test func `a body beyond the limit is answered 413, and the app is told that its client left`() throws {
        let front = try FrontUnderTest(concurrency: 1) { $0.maximumBodyBytes = 100 }
        let client = try front.connect()
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        let request = try #require(try front.worker.takeStream())
        try client.send("ff\r\n" + String(repeating: "x", count: 255) + "\r\n")
        #expect(try client.text().hasPrefix("HTTP/1.1 413 "))
        #expect(try front.worker.takeFrames().map(\.kind) == [.left])
        front.worker.send(.abort, request.stream)
        front.visit()
        #expect(front.violations.isEmpty)
    }

    @Test func `a chunk that is none is answered 400, and cuts an answer that has begun`() throws {
        for hasBegun in [false, true] {
            let front = try FrontUnderTest(concurrency: 1)
            let client = try front.connect()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            let request = try #require(try front.worker.takeStream())
            if hasBegun {
                front.worker.respond(request.stream, isWhole: false)
                front.visit()
                #expect(try client.text().hasPrefix("HTTP/1.1 200 "))
            }
            try client.send("nonsense\r\n")
            #expect(try client.text().hasPrefix("HTTP/1.1 400 ") == !hasBegun)
            #expect(try front.worker.takeFrames().map(\.kind) == [.left])
        }
    }

    @Test func `an answer before the end of the body is sent, and the rest is thrown away`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(post("/", length: 100_000))
        let request = try #require(try front.worker.takeStream())
        front.worker.respond(request.stream, body: [65])
        front.visit()
        let answer = try client.text()
        #expect(answer.hasSuffix("A") && !answer.contains("Connection:"))
        #expect(front.dispatcher.queue.busyThreads == 0)
        try client.send([UInt8](repeating: 66, count: 100_000) + Array(get("/next").utf8))
        #expect(try front.worker.takeStream()?.path == "/next")
    }

    @Test func `an answer before the end of a body that is too long to be thrown away closes, and says so`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(post("/", length: 100_000_000))
        let request = try #require(try front.worker.takeStream())
        front.worker.respond(request.stream, body: [65])
        front.visit()
        let answer = try client.text()
        #expect(answer.hasSuffix("A") && answer.contains("Connection: close\r\n"))
        try client.send([UInt8](repeating: 66, count: 2_000_000))
        #expect(client.isClosed)
    }

    // MARK: Clients who leave

    @Test func `the app is told at once that its client has left`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(get("/"))
        let request = try #require(try front.worker.takeStream())
        client.leave()
        #expect(
            try front.worker.takeFrames() == [TakenFrame(kind: .left, flags: 0, stream: request.stream, payload: [])]
        )
        #expect(front.dispatcher.queue.busyThreads == 1)
        front.worker.send(.abort, request.stream)
        front.visit()
        #expect(front.dispatcher.queue.busyThreads == 0)
    }

    @Test func `a client that has closed its side is told of with a flag, and gets its answer`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(get("/"))
        let request = try #require(try front.worker.takeStream())
        client.closeInput()
        let frames = try front.worker.takeFrames()
        #expect(frames.map(\.kind) == [.left])
        #expect(frames.map(\.flags) == [FrameHeader.isHalfClosed])
        front.worker.respond(request.stream, body: [65])
        front.visit()
        #expect(try client.text().hasSuffix("A"))
    }

    @Test func `a client that leaves in the middle of its body is told of`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(post("/", length: 100_000) + "abc")
        _ = try #require(try front.worker.takeStream())
        client.leave()
        #expect(try front.worker.takeFrames().map(\.kind) == [.left])
    }

    @Test func `a body that ends too early is no body`() throws {
        let front = try FrontUnderTest(concurrency: 1)
        let client = try front.connect()
        try client.send(post("/", length: 100_000) + "abc")
        _ = try #require(try front.worker.takeStream())
        client.closeInput()
        #expect(try client.text().hasPrefix("HTTP/1.1 400 "))
        let frames = try front.worker.takeFrames()
        #expect(frames.last?.kind == .left)
        #expect(!frames.contains { $0.isLast })
    }

    // MARK: A loop that does not run

    @Test func `a ring that is full sends requests to another worker, and none of them fails`() throws {
        let front = try FrontUnderTest(processes: 2, concurrency: 700)
        // Long heads fill the ring of a loop that reads nothing before its places are taken.
        let head = "GET / HTTP/1.1\r\nHost: x\r\nX-Long: \(String(repeating: "x", count: 7_000))\r\n\r\n"
        let clients = try (0..<600).map { _ in try front.connect() }
        for client in clients { try client.send(head) }
        for client in clients { #expect(try client.text().isEmpty) }
        // Both were full for a moment; then the second one reads.
        var answered = 0
        for _ in 0..<20 {
            while let request = try front.workers[1].takeStream() {
                front.workers[1].respond(request.stream)
                answered += 1
            }
            front.visit()
            front.loop.advanceTime(by: .milliseconds(5))
        }
        #expect(answered > 300)
        #expect(front.dispatcher.queue.depth == 0)
        #expect(front.violations.isEmpty)
    }

    @Test func `a body waits for a ring that is full, and goes on when there is room`() throws {
        let front = try FrontUnderTest(concurrency: 4)
        let body = pattern(200_000)
        let clients = try (0..<4).map { _ in try front.connect() }
        for client in clients { try client.send(Array(post("/", length: body.count).utf8) + body) }
        var received: [UInt64: [UInt8]] = [:]
        var complete: Set<UInt64> = []
        for _ in 0..<100 where complete.count < 4 {
            for frame in try front.worker.takeFrames() {
                if frame.kind == .request {
                    received[frame.stream] = try frame.payload.withUnsafeBytes {
                        Array(try RequestEnvelopeReader($0).body)
                    }
                } else {
                    received[frame.stream]? += frame.payload
                    if frame.isLast { complete.insert(frame.stream) }
                    front.worker.grant(FrameHeader.footprint(frame.payload.count), frame.stream)
                }
            }
            front.visit()
            front.loop.advanceTime(by: .milliseconds(5))
        }
        #expect(complete.count == 4)
        for bytes in received.values { expectSame(bytes, body) }
    }

    // MARK: A worker that ends

    @Test func `a safe request is answered by another loop, and one whose body is gone is a 502`() throws {
        let front = try FrontUnderTest(processes: 1, concurrency: 4)
        let (safe, upload) = (try front.connect(), try front.connect())
        try safe.send(get("/safe"))
        try upload.send("GET /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        #expect(try front.worker.takeStream()?.path == "/safe")
        let other = try front.addWorker(threads: 1, concurrency: 4)
        front.lose(front.workers[0])
        #expect(try other.takeStream()?.path == "/safe")
        #expect(try upload.text().hasPrefix("HTTP/1.1 502 "))
        #expect(try other.takeStream() == nil)
    }

    // MARK: Warm-up

    @Test func `the app may say what to ask it first, unless somebody chose`() {
        let own = WorkerIntroduction(interface: .asgi, warmUpPath: "/_stcore/script-health-check")
        #expect(FrontConfiguration.WarmUp(path: "/", isDefault: true).path(for: own) == "/_stcore/script-health-check")
        #expect(FrontConfiguration.WarmUp(path: "/", isDefault: false).path(for: own) == "/")
        #expect(FrontConfiguration.WarmUp(path: nil, isDefault: false).path(for: own) == nil)
        #expect(FrontConfiguration.WarmUp(path: "/", isDefault: true).path(for: nil) == "/")
    }

    @Test func `a host is what somebody chose, else what the app accepts, else the name of the address`() {
        let django = WorkerIntroduction(warmUpHost: "shop.example")
        #expect(FrontConfiguration.WarmUp(path: "/").host(for: django, bind: "127.0.0.1") == "shop.example")
        #expect(FrontConfiguration.WarmUp(path: "/", host: "own.example").host(for: django, bind: "x") == "own.example")
        #expect(FrontConfiguration.WarmUp(path: "/").host(for: nil, bind: "localhost") == "localhost")
        let hostile = WorkerIntroduction(warmUpHost: "a\r\nX: y")
        #expect(FrontConfiguration.WarmUp(path: "/").host(for: hostile, bind: "127.0.0.1") == "127.0.0.1")
    }

    @Test(arguments: ["no-slash", "/a b", "/a\r\nX: y", "/\u{e9}"])
    func `what is no path is not asked`(path: String) {
        let introduction = WorkerIntroduction(interface: .asgi, warmUpPath: path)
        #expect(FrontConfiguration.WarmUp(path: "/", isDefault: true).path(for: introduction) == "/")
    }
}
