import HTTPCodec
import Testing

/// A worker's response head as the bytes of its frame.
struct ResponseFrame {
    var payload: [UInt8] = []

    init(status: Int, reason: String = "OK", fields: [(String, String)] = []) {
        put16(status)
        put16(reason.unicodeScalars.count)
        put16(fields.count)
        put16(0)
        payload += latin1(reason)
        for (name, value) in fields {
            put16(name.unicodeScalars.count)
            put16(0)
            put16(value.unicodeScalars.count)
            put16(0)
            payload += latin1(name) + latin1(value)
        }
    }

    private mutating func put16(_ value: Int) {
        payload += [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    }
}

struct EncodedResponse: Equatable {
    var head: String
    var framing: ResponseFraming
    var keepsAlive: Bool

    /// The field lines with this name.
    func lines(_ name: String) -> [String] {
        head.split(separator: "\r\n").map(String.init).filter { $0.lowercased().hasPrefix(name.lowercased() + ":") }
    }
}

let someDate = HTTPDate(secondsSince1970: 784_111_777)

func encode(
    _ payload: [UInt8],
    isHEAD: Bool = false,
    minorVersion: Int = 1,
    keepsAlive: Bool = true,
    bodyLength: Int? = nil,
    serverName: String = "roost",
    cookie: String = "",
) -> Result<EncodedResponse, ResponseViolation> {
    let context = ResponseContext(
        isHEAD: isHEAD,
        minorVersion: minorVersion,
        keepsAlive: keepsAlive,
        bodyLength: bodyLength,
        date: someDate,
        serverName: latin1(serverName),
        cookie: latin1(cookie),
    )
    let size = ResponseEncoder.maximumByteCount(
        payloadByteCount: payload.count,
        serverNameByteCount: context.serverName.count,
        cookieByteCount: context.cookie.count,
    )
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
    defer { output.deallocate() }
    return withExactBytes(payload) { payload in
        do throws(ResponseViolation) {
            let head = try ResponseHead(payload: payload)
            let encoded = try ResponseEncoder.encode(head: head, context: context, into: output)
            return .success(
                EncodedResponse(
                    head: text(output[..<encoded.byteCount]),
                    framing: encoded.framing,
                    keepsAlive: encoded.keepsAlive,
                )
            )
        } catch {
            return .failure(error)
        }
    }
}

@Suite struct ResponseTests {
    @Test func `a response with a length is written with Date and Server added`() throws {
        let frame = ResponseFrame(status: 200, fields: [("Content-Type", "text/html"), ("Content-Length", "12")])
        let response = try encode(frame.payload).get()
        #expect(
            response.head == """
                HTTP/1.1 200 OK\r
                Content-Type: text/html\r
                Content-Length: 12\r
                Date: Sun, 06 Nov 1994 08:49:37 GMT\r
                Server: roost\r
                \r

                """
        )
        #expect(response.framing == .length(12) && response.keepsAlive)
    }

    @Test func `the application's Date and Server are kept`() throws {
        let frame = ResponseFrame(status: 200, fields: [("dATE", "yesterday"), ("Server", "mine")])
        let response = try encode(frame.payload, bodyLength: 0).get()
        #expect(response.lines("date") == ["dATE: yesterday"])
        #expect(response.lines("server") == ["Server: mine"])
        #expect(try encode(ResponseFrame(status: 200).payload, serverName: "").get().lines("server") == [])
    }

    @Test func `a body without a length is chunked, or ends with the connection on HTTP 1 0`() throws {
        let payload = ResponseFrame(status: 200).payload
        let new = try encode(payload).get()
        #expect(new.framing == .chunked && new.keepsAlive && new.lines("transfer-encoding").count == 1)
        let old = try encode(payload, minorVersion: 0).get()
        #expect(old.framing == .untilClose && !old.keepsAlive && old.lines("transfer-encoding").isEmpty)
        #expect(old.lines("connection") == ["Connection: close"])
    }

    @Test func `a body whose length is known gets a Content-Length`() throws {
        let payload = ResponseFrame(status: 200).payload
        for minorVersion in 0...1 {
            let response = try encode(payload, minorVersion: minorVersion, bodyLength: 1_234_567_890).get()
            #expect(response.framing == .length(1_234_567_890) && response.keepsAlive)
            #expect(response.lines("content-length") == ["Content-Length: 1234567890"])
        }
        #expect(try encode(payload, bodyLength: 0).get().lines("content-length") == ["Content-Length: 0"])
    }

    @Test func `the application's length wins over the known one`() throws {
        let response = try encode(ResponseFrame(status: 200, fields: [("Content-Length", "5")]).payload, bodyLength: 9)
            .get()
        #expect(response.framing == .length(5))
        #expect(response.lines("content-length") == ["Content-Length: 5"])
    }

    @Test(arguments: [true, false], [200, 204, 304])
    func `a response without a body gets no length that the application did not give`(isHEAD: Bool, status: Int) throws
    {
        let bare = try encode(ResponseFrame(status: status).payload, isHEAD: isHEAD, bodyLength: 0).get()
        let hasBody = !isHEAD && status == 200
        #expect(bare.framing == (hasBody ? .length(0) : .none))
        #expect(bare.lines("content-length").count == (hasBody ? 1 : 0))
        #expect(bare.lines("transfer-encoding").isEmpty && bare.keepsAlive)
        let given = ResponseFrame(status: status, fields: [("Content-Length", "7")]).payload
        let kept = try encode(given, isHEAD: isHEAD).get()
        #expect(kept.lines("content-length").count == (status == 204 ? 0 : 1))
        #expect(kept.framing == (hasBody ? .length(7) : .none))
    }

    @Test func `Connection says what differs from the version's habit`() throws {
        let payload = ResponseFrame(status: 200).payload
        func connection(minor: Int, keepsAlive: Bool) throws -> [String] {
            try encode(payload, minorVersion: minor, keepsAlive: keepsAlive, bodyLength: 1).get().lines("connection")
        }
        #expect(try connection(minor: 1, keepsAlive: true) == [])
        #expect(try connection(minor: 1, keepsAlive: false) == ["Connection: close"])
        #expect(try connection(minor: 0, keepsAlive: true) == ["Connection: keep-alive"])
        #expect(try connection(minor: 0, keepsAlive: false) == ["Connection: close"])
    }

    @Test func `bytes above ASCII, tabs and empty parts pass as they are`() throws {
        let frame = ResponseFrame(status: 299, reason: "", fields: [("X", ""), ("Y", "\u{E9}\t\u{FF}")])
        let response = try encode(frame.payload).get()
        #expect(response.head.hasPrefix("HTTP/1.1 299 \r\nX: \r\nY: \u{E9}\t\u{FF}\r\n"))
    }

    @Test(arguments: [
        ("Connection", "close"), ("connection", "keep-alive"), ("Keep-Alive", "timeout=5"), ("TE", "trailers"),
        ("Proxy-Authenticate", "Basic"), ("Proxy-Authorization", "x"), ("Trailer", "X"), ("Trailers", "X"),
        ("Transfer-Encoding", "chunked"), ("tRANSFER-eNCODING", "identity"), ("Upgrade", "websocket"),
    ])
    func `hop-by-hop fields are violations`(name: String, value: String) {
        #expect(violation(ResponseFrame(status: 200, fields: [(name, value)])) == .hopByHopField)
    }

    @Test(arguments: [0, 99, 100, 101, 103, 199, 600, 999, 65_535])
    func `statuses that are no final ones are violations`(status: Int) {
        #expect(violation(ResponseFrame(status: status)) == .badStatus)
    }

    @Test(arguments: ["\r", "\n", "\0", "\u{7F}", "\u{1B}", "\u{B}"])
    func `control characters are violations wherever they are`(control: String) {
        for value in [control, "abcdefgh" + control, "a\t" + control + "bcdefghijkl"] {
            #expect(violation(ResponseFrame(status: 200, fields: [("X", value)])) == .badFieldValue)
            #expect(violation(ResponseFrame(status: 200, reason: value)) == .badReason)
            #expect(violation(ResponseFrame(status: 200, fields: [("X" + value, "y")])) == .badFieldName)
        }
    }

    @Test(arguments: ["", " ", "X Y", "X:", "X\u{E9}", "(X)"])
    func `names that are no tokens are violations`(name: String) {
        #expect(violation(ResponseFrame(status: 200, fields: [(name, "y")])) == .badFieldName)
    }

    @Test(arguments: ["", "-1", "+1", "1,1", "1 1", "x", "0x1", "9223372036854775808", "\u{B2}"])
    func `bad Content-Lengths are violations`(value: String) {
        #expect(violation(ResponseFrame(status: 200, fields: [("Content-Length", value)])) == .badContentLength)
    }

    @Test func `two Content-Lengths are one if they are equal and a violation if not`() throws {
        let equal = ResponseFrame(status: 200, fields: [("Content-Length", "1"), ("content-length", "01")])
        #expect(try encode(equal.payload).get().lines("content-length") == ["Content-Length: 1"])
        let different = ResponseFrame(status: 200, fields: [("Content-Length", "1"), ("Content-Length", "2")])
        #expect(violation(different) == .badContentLength)
    }

    @Test func `a frame that is cut anywhere, or has bytes to spare, is malformed`() {
        let frame = ResponseFrame(status: 200, reason: "OK", fields: [("Content-Type", "a/b"), ("X", "y")])
        for count in 0..<frame.payload.count {
            #expect(violation(Array(frame.payload[..<count])) == .malformedFrame)
        }
        #expect(violation(frame.payload + [0]) == .malformedFrame)
    }

    @Test func `lengths that lie are malformed`() {
        var frame = ResponseFrame(status: 200, reason: "", fields: [("X", "y")]).payload
        frame.replaceSubrange(12..<16, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(violation(frame) == .malformedFrame)
        frame.replaceSubrange(4..<6, with: [0xFF, 0xFF])
        #expect(violation(frame) == .malformedFrame)
    }

    private func violation(_ frame: ResponseFrame) -> ResponseViolation.Cause? { violation(frame.payload) }

    private func violation(_ payload: [UInt8]) -> ResponseViolation.Cause? {
        switch encode(payload) {
        case .success: nil
        case .failure(let violation): violation.cause
        }
    }
}

@Suite struct CannedResponseTests {
    @Test func `a refusal says when to come back and that it is not to be stored`() {
        let bytes = RefusalResponse.bytes(
            status: 503,
            message: "the queue is full",
            date: someDate,
            retryAfter: 2,
            keepsAlive: false,
            isHEAD: false
        )
        #expect(
            text(bytes) == """
                HTTP/1.1 503 Service Unavailable\r
                Content-Type: text/plain; charset=utf-8\r
                Content-Length: 18\r
                Date: Sun, 06 Nov 1994 08:49:37 GMT\r
                Cache-Control: no-store\r
                Retry-After: 2\r
                Connection: close\r
                \r
                the queue is full

                """
        )
    }

    @Test func `a refusal of HEAD has the length but no body, and no line end of the message gets out`() {
        let bytes = text(
            RefusalResponse.bytes(status: 400, message: "a\r\nb", date: someDate, keepsAlive: true, isHEAD: true)
        )
        #expect(bytes.contains("Content-Length: 5\r\n") && bytes.hasSuffix("\r\n\r\n") && !bytes.contains("Connection"))
        let old = RefusalResponse.bytes(status: 404, message: "", date: someDate, keepsAlive: true, minorVersion: 0)
        #expect(text(old).contains("\r\nConnection: keep-alive\r\n"))
        #expect(text(RefusalResponse.bytes(status: 400, message: "a\r\nb", date: someDate)).hasSuffix("\r\n\r\na??b\n"))
    }

    @Test(arguments: [1, 9, 10, 15, 16, 255, 256, 4_096, 65_535, 1 << 40, Int.max])
    func `a chunk's header is its length in hexadecimal`(length: Int) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: ChunkHeader.maximumByteCount, alignment: 1)
        defer { memory.deallocate() }
        let count = ChunkHeader.write(length: length, into: memory)
        #expect(text(memory[..<count]) == String(length, radix: 16) + "\r\n")
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (-5, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"), (1_767_225_599, "Wed, 31 Dec 2025 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (Int.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func `dates are written as RFC 9110 wants`(seconds: Int, date: String) {
        #expect(HTTPDate(secondsSince1970: seconds).description == date)
    }
}
