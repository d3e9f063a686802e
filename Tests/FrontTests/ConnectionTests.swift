import NIOCore
import NIOEmbedded
import RequestQueue
import Telemetry
import Testing
import WorkerLink

@testable import Front

/// From a client's bytes to a worker's lane and back.
@Suite struct ConnectionTests {
    private let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test func `a request reaches the worker as it was sent, and the answer the client`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send(
            "GET /a%20b?c=d HTTP/1.1\r\nHost: shop\r\nX-One: 1\r\nUnder_Score: 2\r\nProxy: evil\r\n\r\n"
        )
        #expect(try front.worker.nextPart(.host) == "0.0.0.0")
        #expect(try front.worker.nextPart(.port) == "8000")
        #expect(try front.worker.nextPart(.clientAddress) == "192.0.2.7")
        #expect(try front.worker.nextPart(.clientPort) == "4321")
        #expect(try front.worker.nextPart(.requestID) == front.dispatcher.requestIDs.text(1))
        let request = try #require(try front.worker.take())
        #expect(request.method == "GET")
        #expect(request.target == "/a%20b?c=d")
        #expect(request.path == "/a%20b")
        #expect(request.query == "c=d")
        #expect(request.fields == ["Host: shop", "X-One: 1"])
        #expect(request.bodyBytes == 0)
        #expect(try client.text() == "")
        front.worker.respond(request.stream, fields: [("Content-Type", "text/plain")], body: Array("hello".utf8))
        front.visit()
        let (head, body) = parted(try client.bytes())
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"))
        #expect(head.contains("\r\nContent-Length: 5\r\n"))
        #expect(body == Array("hello".utf8))
        #expect(!client.isClosed)
        #expect(front.accessLog.map(\.status) == [200])
        #expect(front.accessLog.first?.responseBytes == 5)
    }

    @Test func `requests sent ahead are answered in order, one after the other`() throws {
        let front = try FrontUnderTest(threads: 4)
        let client = try front.connect()
        try client.send((0..<5).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
        for number in 0..<5 {
            let lanes = try (0..<4).compactMap { lane in try front.worker.take(lane).map { (lane, $0) } }
            // Never two of one connection.
            #expect(lanes.count == 1)
            let (lane, request) = try #require(lanes.first)
            #expect(request.path == "/\(number)")
            front.worker.respond(request.stream, lane: lane, body: Array("answer \(number)".utf8))
            front.visit()
            #expect(try client.text().hasSuffix("answer \(number)"))
        }
    }

    @Test func `a request that comes byte by byte is the same request`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        for byte in Array("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc".utf8) {
            #expect(try front.worker.take() == nil)
            try client.send([byte])
        }
        #expect(try front.worker.take()?.body == Array("abc".utf8))
    }

    @Test func `a request that is no good is answered 400, the connection closed, the rest not read`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + get)
        let text = try client.text()
        #expect(text.hasPrefix("HTTP/1.1 400 "))
        #expect(text.contains("\r\nConnection: close\r\n"))
        #expect(client.isClosed)
        #expect(try front.worker.take() == nil)
    }

    @Test func `a full queue answers 503 with Retry-After before it reads a body`() throws {
        let front = try FrontUnderTest { $0.queue.limit = 0 }
        let first = try front.connect()
        try first.send(get)
        #expect(try front.worker.take() != nil)
        let second = try front.connect()
        try second.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        let text = try second.text()
        #expect(text.hasPrefix("HTTP/1.1 503 "))
        #expect(text.contains("\r\nRetry-After: "))
        #expect(second.isClosed)
        let third = try front.connect()
        try third.send(get)
        #expect(try third.text().hasPrefix("HTTP/1.1 503 "))
        #expect(front.dispatcher.queue.statistics.refused(.full) == 2)
    }

    @Test(arguments: [
        ("GET http://shop:80/a HTTP/1.0\r\n\r\n", ["Host: shop:80"]),
        ("GET http://shop/a HTTP/1.0\r\nX-One: 1\r\n\r\n", ["X-One: 1", "Host: shop"]),
        ("GET http://shop/a HTTP/1.0\r\nHost: other\r\n\r\n", ["Host: shop"]),
        ("GET http://shop/a HTTP/1.0\r\nHost:\r\n\r\n", ["Host: shop"]),
        ("GET /a HTTP/1.0\r\n\r\n", []),
    ])
    func `the host of an absolute target is the app's Host`(text: String, fields: [String]) throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send(text)
        let request = try #require(try front.worker.take())
        #expect(request.path == "/a")
        #expect(request.fields == fields)
        front.worker.respond(request.stream, body: [65])
        front.visit()
        #expect(try client.text().hasSuffix("A"))
    }

    // MARK: Bodies in

    @Test(arguments: [1, 1_000, 65_536, 65_537, 300_000])
    func `a body reaches the worker whole, from memory or as a file`(count: Int) throws {
        let front = try FrontUnderTest()
        let body = pattern(count)
        for isChunked in [false, true] {
            let client = try front.connect()
            if isChunked {
                try client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                for start in stride(from: 0, to: count, by: 7_777) {
                    let piece = body[start..<min(start + 7_777, count)]
                    try client.send("\(String(piece.count, radix: 16))\r\n")
                    try client.send(Array(piece) + Array("\r\n".utf8))
                }
                #expect(try front.worker.take() == nil)
                try client.send("0\r\n\r\n")
            } else {
                try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(count)\r\n\r\n")
                for start in stride(from: 0, to: count, by: 7_777) {
                    #expect(try front.worker.take() == nil)
                    try client.send(body[start..<min(start + 7_777, count)])
                }
            }
            let request = try #require(try front.worker.take())
            #expect(request.bodyBytes == count)
            #expect(request.isBodyInFile == (count > 65_536))
            // ASGI middleware learns from it that a body comes; the library keeps it from WSGI.
            #expect(request.fields.contains("Transfer-Encoding: chunked") == isChunked)
            if request.isBodyInFile {
                let file = try #require(front.worker.takeBodyFile())
                #expect(file.stream == request.stream)
                expectSame(file.bytes, body)
            } else {
                expectSame(request.body, body)
            }
            front.worker.respond(request.stream, body: [65])
            front.visit()
            #expect(try client.text().hasSuffix("A"))
        }
    }

    @Test func `a body above the limit is answered 413, announced or not`() throws {
        let front = try FrontUnderTest { $0.maximumBodyBytes = 10 }
        let first = try front.connect()
        try first.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n")
        #expect(try first.text().hasPrefix("HTTP/1.1 413 "))
        #expect(first.isClosed)
        let second = try front.connect()
        try second.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\nabcde\r\n")
        #expect(try second.text().hasPrefix("HTTP/1.1 413 "))
        #expect(second.isClosed)
        #expect(try front.worker.take() == nil)
    }

    @Test func `a body that ends too early never reaches the worker`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        client.closeInput()
        #expect(try client.text().hasPrefix("HTTP/1.1 400 "))
        #expect(client.isClosed)
        #expect(try front.worker.take() == nil)
    }

    @Test func `a client that waits for 100 is told to go on`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.text() == "HTTP/1.1 100 Continue\r\n\r\n")
        try client.send("ok")
        #expect(try front.worker.take()?.body == Array("ok".utf8))
    }

    // MARK: Answers out

    @Test func `an answer of known length is cut to it and framed by it`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send(get + get)
        let first = try #require(try front.worker.take())
        front.worker.respond(first.stream, fields: [("Content-Length", "4")], body: [65, 66], isWhole: false)
        front.worker.send(.chunk, first.stream, [67, 68, 69, 70])
        front.worker.send(.chunk, first.stream, [71])
        front.worker.send(.end, first.stream)
        front.visit()
        let (head, body) = parted(try client.bytes())
        #expect(head.contains("\r\nContent-Length: 4\r\n"))
        #expect(!head.contains("Transfer-Encoding"))
        #expect(body == [65, 66, 67, 68])
        #expect(!client.isClosed)
        #expect(try front.worker.take() != nil)
    }

    @Test func `an answer of unknown length comes in chunks with a last one`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send(get)
        let request = try #require(try front.worker.take())
        front.worker.respond(request.stream, body: [65, 66], isWhole: false)
        front.worker.send(.chunk, request.stream, [])
        front.worker.send(.chunk, request.stream, [67])
        front.worker.send(.end, request.stream)
        front.visit()
        let (head, body) = parted(try client.bytes())
        #expect(head.contains("\r\nTransfer-Encoding: chunked\r\n"))
        #expect(!head.contains("Content-Length"))
        #expect(unchunked(body) == [65, 66, 67])
        #expect(!client.isClosed)
    }

    @Test func `an answer to HTTP/1.0 of unknown length ends with the connection`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let request = try #require(try front.worker.take())
        front.worker.respond(request.stream, body: [65], isWhole: false)
        front.worker.send(.chunk, request.stream, [66])
        front.worker.send(.end, request.stream)
        front.visit()
        let (head, body) = parted(try client.bytes())
        #expect(!head.contains("Transfer-Encoding"))
        #expect(head.contains("\r\nConnection: close\r\n"))
        #expect(body == [65, 66])
        #expect(client.isClosed)
    }

    @Test func `an answer shorter than its length is cut off`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send(get + get)
        let request = try #require(try front.worker.take())
        front.worker.respond(request.stream, fields: [("Content-Length", "4")], body: [65, 66])
        front.visit()
        #expect(parted(try client.bytes()).body == [65, 66])
        #expect(client.isClosed)
        // The request sent ahead of a connection that is gone is nobody's.
        #expect(try front.worker.take() == nil)
        #expect(front.dispatcher.queue.idleThreads == 1)
    }

    @Test func `an answer that broke off has no last chunk`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send(get)
        let request = try #require(try front.worker.take())
        front.worker.respond(request.stream, body: [65, 66], isWhole: false)
        front.worker.send(.abort, request.stream, Array("why".utf8))
        front.visit()
        let (_, body) = parted(try client.bytes())
        #expect(body == Array("2\r\nAB\r\n".utf8))
        #expect(client.isClosed)
        #expect(front.dispatcher.queue.idleThreads == 1)
    }

    @Test func `an app that fails before its head is answered 500`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send(get)
        let request = try #require(try front.worker.take())
        front.worker.send(.abort, request.stream, Array("secret".utf8))
        front.visit()
        let text = try client.text()
        #expect(text.hasPrefix("HTTP/1.1 500 "))
        #expect(!text.contains("secret"))
        #expect(text.contains(front.dispatcher.requestIDs.text(1)))
        #expect(text.contains("\r\nX-Request-ID: "))
        #expect(!client.isClosed)
    }

    @Test func `a head that may not be sent is answered 502`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send(get)
        let request = try #require(try front.worker.take())
        front.worker.respond(request.stream, fields: [("X", "a\r\nSet-Cookie: b")], body: [65], isWhole: false)
        front.worker.send(.chunk, request.stream, [66])
        front.worker.send(.end, request.stream)
        front.visit()
        let text = try client.text()
        #expect(text.hasPrefix("HTTP/1.1 502 "))
        #expect(!text.contains("Set-Cookie"))
        #expect(client.isClosed)
        #expect(front.dispatcher.queue.idleThreads == 1)
    }

    @Test(arguments: ["HEAD", "GET"], [200, 204, 304] as [UInt16])
    func `nothing follows a head that has no body, and the next answer begins at its place`(
        method: String,
        status: UInt16
    ) throws {
        guard method == "HEAD" || status != 200 else { return }
        let front = try FrontUnderTest()
        let client = try front.connect()
        for isWhole in [true, false] {
            try client.send("\(method) / HTTP/1.1\r\nHost: x\r\n\r\n")
            let request = try #require(try front.worker.take())
            front.worker.respond(request.stream, status: status, body: [65, 66], isWhole: isWhole)
            if !isWhole { front.worker.send(.end, request.stream) }
            front.visit()
            let (head, body) = parted(try client.bytes())
            #expect(head.hasPrefix("HTTP/1.1 \(status) "))
            #expect(body.isEmpty)
            #expect(!client.isClosed)
        }
    }

    @Test(arguments: [true, false])
    func `an answer that its client does not take waits, and arrives whole`(isChunked: Bool) throws {
        let front = try FrontUnderTest { $0.responseMemoryBytes = 100_000 }
        let client = try front.connect()
        let bytes = pattern(2_000_000)
        try client.send(get)
        let request = try #require(try front.worker.take())
        front.worker.respond(
            request.stream,
            fields: isChunked ? [] : [("Content-Length", "\(bytes.count)")],
            isWhole: false
        )
        front.visit()
        var received = try client.bytes()
        client.setWritable(false)
        for start in stride(from: 0, to: bytes.count, by: 20_000) {
            #expect(front.worker.send(.chunk, request.stream, Array(bytes[start..<(start + 20_000)])))
            // The worker never waits for the client: its ring is empty after each visit.
            front.visit()
            #expect(try client.bytes().isEmpty)
            // A moment in which the client takes something.
            if start == 1_000_000 {
                client.setWritable(true)
                received += try client.bytes()
                client.setWritable(false)
            }
        }
        #expect(client.connection.backlog.memoryBytes <= 100_000)
        front.worker.send(.end, request.stream)
        front.visit()
        // The thread is free although the client has most of it still to come.
        #expect(front.dispatcher.queue.idleThreads == 1)
        client.setWritable(true)
        received += try client.bytes()
        let body = parted(received).body
        expectSame(isChunked ? unchunked(body) : body, bytes)
        #expect(!client.isClosed)
        #expect(front.accessLog.map(\.responseBytes) == [2_000_000])
        try client.send(get)
        #expect(try front.worker.take() != nil)
    }

    @Test func `beyond the limit of what waits for a client its thread waits, and nothing is lost`() throws {
        let front = try FrontUnderTest {
            $0.responseMemoryBytes = 10_000
            $0.responseSpoolBytes = 100_000
        }
        let client = try front.connect()
        try client.send(get)
        let request = try #require(try front.worker.take())
        client.setWritable(false)
        front.worker.respond(request.stream, isWhole: false)
        let bytes = pattern(1_000_000)
        var written = 0
        while written < bytes.count,
            front.worker.send(.chunk, request.stream, Array(bytes[written..<(written + 20_000)]))
        {
            written += 20_000
            front.visit()
        }
        // The ring is full: so much waits and no more.
        #expect(written < 400_000)
        #expect(client.connection.backlog.byteCount < 200_000)
        client.setWritable(true)
        while written < bytes.count {
            #expect(front.worker.send(.chunk, request.stream, Array(bytes[written..<(written + 20_000)])))
            written += 20_000
            front.visit()
        }
        front.worker.send(.end, request.stream)
        front.visit()
        expectSame(unchunked(parted(try client.bytes()).body), bytes)
        #expect(front.dispatcher.queue.idleThreads == 1)
    }

    @Test func `a file is sent as the rest of the body`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        let bytes = pattern(400_000)
        let file = try SpoolFile(in: "/tmp")
        try bytes.withUnsafeBytes { try file.append($0) }
        try client.send(get)
        let request = try #require(try front.worker.take())
        front.worker.respond(request.stream, body: [1, 2], isWhole: false)
        front.worker.send(file: file.descriptor, request.stream, offset: 1_000, count: 300_000)
        front.visit()
        expectSame(unchunked(parted(try client.bytes()).body), [1, 2] + bytes[1_000..<301_000])
        #expect(front.violations.isEmpty)
    }

    @Test func `a file that is shorter than the worker says breaks the protocol`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        let file = try SpoolFile(in: "/tmp")
        try pattern(10).withUnsafeBytes { try file.append($0) }
        try client.send(get)
        let request = try #require(try front.worker.take())
        front.worker.respond(request.stream, isWhole: false)
        front.worker.send(file: file.descriptor, request.stream, offset: 1, count: 10)
        front.visit()
        #expect(front.violations == [.badDescriptor])
        front.lose(front.worker)
        front.loop.run()
        #expect(client.isClosed)
        #expect(unchunked(parted(try client.bytes()).body) == nil)
    }
}
