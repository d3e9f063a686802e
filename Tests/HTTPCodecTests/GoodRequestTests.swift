import HTTPCodec
import Testing

/// A request that must be understood, and what of it matters.
struct GoodRequest: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var holds: @Sendable (ParsedRequest) -> Bool

    var testDescription: String { name }

    init(_ name: String, _ text: String, _ holds: @escaping @Sendable (ParsedRequest) -> Bool) {
        self.name = name
        self.bytes = latin1(text)
        self.holds = holds
    }
}

private let host = "Host: example.com\r\n"

let goodRequests: [GoodRequest] = [
    GoodRequest("plain", "GET / HTTP/1.1\r\n\(host)\r\n") {
        $0.method == "GET" && $0.path == "/" && $0.query == nil && $0.authority == "example.com" && $0.minorVersion == 1
            && $0.keepsAlive && $0.framing == .none && !$0.isHEAD && !$0.expectsContinue && !$0.requestsUpgrade
    },
    GoodRequest("a query", "GET /a/b?c=d?e&f HTTP/1.1\r\n\(host)\r\n") {
        $0.target == "/a/b?c=d?e&f" && $0.path == "/a/b" && $0.query == "c=d?e&f"
    },
    GoodRequest("an empty query", "GET /a? HTTP/1.1\r\n\(host)\r\n") { $0.path == "/a" && $0.query == "" },
    GoodRequest("a URI in the query", "GET /?u=http://x/y HTTP/1.1\r\n\(host)\r\n") {
        $0.path == "/" && $0.query == "u=http://x/y"
    },
    GoodRequest("two slashes at the start", "GET //evil.example/x HTTP/1.1\r\n\(host)\r\n") {
        $0.path == "//evil.example/x" && $0.authority == "example.com"
    },
    GoodRequest("percent-encodings left as they are", "GET /%2e%2e/%zz%00 HTTP/1.1\r\n\(host)\r\n") {
        $0.path == "/%2e%2e/%zz%00"
    },
    GoodRequest("raw bytes above ASCII in the target", "GET /caf\u{C3}\u{A9}?\u{E9} HTTP/1.1\r\n\(host)\r\n") {
        $0.path == "/caf\u{C3}\u{A9}" && $0.query == "\u{E9}"
    },
    GoodRequest("brackets, quotes and bars in the target", "GET /a[\"<>\\^`{|}] HTTP/1.1\r\n\(host)\r\n") {
        $0.path == "/a[\"<>\\^`{|}]"
    },
    GoodRequest("absolute-form", "GET http://other.example:81/p?q HTTP/1.1\r\n\(host)\r\n") {
        $0.path == "/p" && $0.query == "q" && $0.authority == "other.example:81"
    },
    GoodRequest("absolute-form without a path", "GET HTTP://other.example HTTP/1.1\r\n\(host)\r\n") {
        $0.path == "/" && $0.query == nil && $0.authority == "other.example"
    },
    GoodRequest("absolute-form with a query and no path", "GET https://[::1]?q=/x HTTP/1.1\r\n\(host)\r\n") {
        $0.path == "/" && $0.query == "q=/x" && $0.authority == "[::1]"
    },
    GoodRequest("OPTIONS for everything", "OPTIONS * HTTP/1.1\r\n\(host)\r\n") { $0.path == "*" },
    GoodRequest("an unknown method", "M-SEARCH /x HTTP/1.1\r\n\(host)\r\n") { $0.method == "M-SEARCH" },
    GoodRequest("a method in small letters", "get / HTTP/1.1\r\n\(host)\r\n") { $0.method == "get" },
    GoodRequest("a method of 64 bytes", "\(String(repeating: "M", count: 64)) / HTTP/1.1\r\n\(host)\r\n") {
        $0.method.count == 64
    },
    GoodRequest("HEAD", "HEAD / HTTP/1.1\r\n\(host)\r\n") { $0.isHEAD },
    GoodRequest("head in small letters is another method", "head / HTTP/1.1\r\n\(host)\r\n") { !$0.isHEAD },
    GoodRequest("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n") {
        $0.minorVersion == 0 && !$0.keepsAlive && $0.authority == ""
    },
    GoodRequest("HTTP/1.0 with an empty Host", "GET / HTTP/1.0\r\nHost:\r\n\r\n") { $0.authority == "" },
    GoodRequest("HTTP/1.0 that keeps alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n") { $0.keepsAlive },
    GoodRequest("HTTP/1.0 that cannot decide", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n") {
        !$0.keepsAlive
    },
    GoodRequest("HTTP/1.9", "GET / HTTP/1.9\r\n\(host)\r\n") { $0.minorVersion == 1 },
    GoodRequest("one empty line before", "\r\nGET / HTTP/1.1\r\n\(host)\r\n") { $0.method == "GET" },
    GoodRequest("two empty lines before", "\r\n\r\nGET /x?y HTTP/1.1\r\n\(host)\r\n") {
        $0.path == "/x" && $0.query == "y" && $0.consumed == 44
    },
    GoodRequest("close", "GET / HTTP/1.1\r\n\(host)Connection: close\r\n\r\n") { !$0.keepsAlive },
    GoodRequest("CLOSE among others", "GET / HTTP/1.1\r\n\(host)Connection: x ,\tCLOSE, y\r\n\r\n") { !$0.keepsAlive },
    GoodRequest("close in a second field", "GET / HTTP/1.1\r\n\(host)Connection: x\r\nConnection: close\r\n\r\n") {
        !$0.keepsAlive
    },
    GoodRequest("closed is not close", "GET / HTTP/1.1\r\n\(host)Connection: closed, xclose\r\n\r\n") { $0.keepsAlive },
    GoodRequest("an empty Connection", "GET / HTTP/1.1\r\n\(host)Connection:\r\n\r\n") { $0.keepsAlive },
    GoodRequest("an upgrade", "GET / HTTP/1.1\r\n\(host)Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n") {
        $0.requestsUpgrade
    },
    GoodRequest("an Upgrade not named in Connection", "GET / HTTP/1.1\r\n\(host)Upgrade: websocket\r\n\r\n") {
        !$0.requestsUpgrade
    },
    GoodRequest("an upgrade on HTTP/1.0", "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n") {
        !$0.requestsUpgrade
    },
    GoodRequest("a body by length", "POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nhelloGET /") {
        $0.framing == .length(5) && text($0.body) == "hello"
    },
    GoodRequest("a length of zero", "POST / HTTP/1.1\r\n\(host)Content-Length: 000\r\n\r\n") {
        $0.framing == .length(0) && $0.body.isEmpty
    },
    GoodRequest("a length with zeros before it", "POST / HTTP/1.1\r\n\(host)cONTENT-lENGTH:\t 0005 \r\n\r\nhello") {
        $0.framing == .length(5)
    },
    GoodRequest("POST without a length", "POST / HTTP/1.1\r\n\(host)\r\n") { $0.framing == .none },
    GoodRequest("GET with a body", "GET / HTTP/1.1\r\n\(host)Content-Length: 2\r\n\r\nhi") { text($0.body) == "hi" },
    GoodRequest("Content_Length is another field", "POST / HTTP/1.1\r\n\(host)Content_Length: 5\r\n\r\n") {
        $0.framing == .none && $0.underscored == ["Content_Length"]
            && $0.fields.last == ["Content_Length", "5", "other"]
    },
    GoodRequest("a name with an underscore before one without", "GET / HTTP/1.1\r\n\(host)A_B: 1\r\nC-D: 2\r\n\r\n") {
        $0.underscored == ["A_B"] && $0.fields.count == 3
    },
    GoodRequest("Transfer_Encoding is another field", "POST / HTTP/1.1\r\n\(host)Transfer_Encoding: chunked\r\n\r\n") {
        $0.framing == .none && $0.underscored == ["Transfer_Encoding"]
    },
    GoodRequest(
        "chunks",
        "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n00A\r\n, world!!!\r\n0\r\n\r\n"
    ) { $0.framing == .chunked && text($0.body) == "hello, world!!!" },
    GoodRequest(
        "chunk extensions",
        "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n5;a;b=c;d=\"e;\\\"\t\"\r\n"
            + "hello\r\n0;x\r\n\r\n"
    ) { text($0.body) == "hello" },
    GoodRequest(
        "trailers are dropped",
        "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: x\r\nX-E:\r\n\r\nGET /"
    ) { $0.fields.count == 2 && $0.body.isEmpty },
    GoodRequest(
        "chunks that look like requests",
        "POST / HTTP/1.1\r\n\(host)Transfer-Encoding:chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n"
    ) {
        text($0.body) == "\r\n\r\n"
    },
    GoodRequest(
        "an expectation",
        "POST / HTTP/1.1\r\n\(host)Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"
    ) { $0.expectsContinue },
    GoodRequest("an expectation without a body", "GET / HTTP/1.1\r\n\(host)Expect: 100-continue\r\n\r\n") {
        !$0.expectsContinue
    },
    GoodRequest("any expectation on HTTP/1.0", "POST / HTTP/1.0\r\nExpect: x\r\nContent-Length: 1\r\n\r\nx") {
        !$0.expectsContinue
    },
    GoodRequest("tabs and bytes above ASCII in a value", "GET / HTTP/1.1\r\n\(host)X: \t a\tb \u{FF}\u{80} \t \r\n\r\n")
    {
        $0.fields.last == ["X", "a\tb \u{FF}\u{80}", "other"]
    },
    GoodRequest("an empty value", "GET / HTTP/1.1\r\n\(host)X:\r\nY: \t \r\n\r\n") {
        $0.fields.suffix(2) == [["X", "", "other"], ["Y", "", "other"]]
    },
    GoodRequest("a colon in a value", "GET / HTTP/1.1\r\n\(host)X::y:\r\n\r\n") {
        $0.fields.last == ["X", ":y:", "other"]
    },
    GoodRequest("a name of every token character", "GET / HTTP/1.1\r\n\(host)!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n") {
        $0.fields.last == ["!#$%&'*+-.^_`|~09azAZ", "x", "other"]
    },
    GoodRequest("100 fields", "GET / HTTP/1.1\r\n\(host)\(String(repeating: "A: b\r\n", count: 99))\r\n") {
        $0.fields.count == 100
    },
    GoodRequest("a target of 8190 bytes", "GET /\(String(repeating: "a", count: 8_189)) HTTP/1.1\r\n\(host)\r\n") {
        $0.path.count == 8_190
    },
    GoodRequest("an IPv6 Host", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n") {
        $0.authority == "[2001:db8::1]:8080"
    },
    GoodRequest("a Host with an underscore and an empty port", "GET / HTTP/1.1\r\nHost: my_app:\r\n\r\n") {
        $0.authority == "my_app:"
    },
    GoodRequest("a Host of an address", "GET / HTTP/1.1\r\nhOsT:127.0.0.1:65535\r\n\r\n") {
        $0.authority == "127.0.0.1:65535"
    },
]

@Suite struct GoodRequestTests {
    @Test(arguments: goodRequests)
    func `a good request is understood wherever it is cut`(request: GoodRequest) {
        let whole = outcome(of: request.bytes)
        guard case .answered(let parsed) = whole else {
            Issue.record("\(request.name): \(whole)")
            return
        }
        #expect(request.holds(parsed), "\(parsed)")
        let differing = cuttings(of: request.bytes, seed: 2).first { outcome(of: request.bytes, cuts: $0) != whole }
        #expect(differing == nil)
    }

    @Test(arguments: goodRequests)
    func `no beginning of a good request is a request or a refusal`(request: GoodRequest) {
        guard case .answered(let parsed) = outcome(of: request.bytes) else { return }
        let steps = parsed.consumed > 1_024 ? 97 : 1
        let wrong = stride(from: 0, to: parsed.consumed, by: steps).first {
            outcome(of: Array(request.bytes[..<$0])) != .incomplete
        }
        #expect(wrong == nil)
    }

    @Test func `every known name is recognised in either case and not with a byte changed`() {
        let names: [(String, FieldName)] = [
            ("te", .te), ("host", .host), ("range", .range), ("proxy", .proxy), ("accept", .accept),
            ("cookie", .cookie), ("origin", .origin), ("expect", .expect), ("referer", .referer),
            ("upgrade", .upgrade), ("trailer", .trailer), ("x-real-ip", .xRealIP), ("forwarded", .forwarded),
            ("user-agent", .userAgent), ("connection", .connection), ("keep-alive", .keepAlive),
            ("traceparent", .traceparent), ("content-type", .contentType), ("x-request-id", .xRequestID),
            ("if-none-match", .ifNoneMatch), ("authorization", .authorization), ("x-queue-start", .xQueueStart),
            ("content-length", .contentLength), ("sec-fetch-dest", .secFetchDest), ("sec-fetch-mode", .secFetchMode),
            ("sec-fetch-site", .secFetchSite), ("accept-encoding", .acceptEncoding),
            ("x-forwarded-for", .xForwardedFor), ("x-request-start", .xRequestStart),
            ("x-forwarded-ssl", .xForwardedSSL), ("x-forwarded-host", .xForwardedHost),
            ("x-forwarded-port", .xForwardedPort), ("transfer-encoding", .transferEncoding),
            ("x-forwarded-proto", .xForwardedProto), ("sec-websocket-key", .secWebSocketKey),
            ("x-forwarded-protocol", .xForwardedProtocol),
        ]
        #expect(Set(names.map(\.1)) == Set(FieldName.allCases).subtracting([.other]))
        func recognized(_ name: String) -> FieldName? {
            // HTTP/1.0 lets any value of most fields pass; the few that are judged have one that is right.
            let value = name.lowercased() == "content-length" ? "0" : "x"
            let bytes = latin1("GET / HTTP/1.0\r\n\(name): \(value)\r\n")
            var parser = RequestHeadParser()
            _ = withExactBytes(bytes) { parser.parse($0) }
            return parser.head.fields.first?.known
        }
        for (name, known) in names {
            #expect(recognized(name) == known)
            #expect(recognized(name.uppercased()) == known)
            #expect(recognized(name.replacing("-", with: "_")) == (name.contains("-") ? .other : known))
            #expect(recognized("q" + name.dropFirst()) == .other)
            #expect(recognized(name.dropLast() + "q") == .other)
            #expect(recognized(name + "s") == .other)
        }
    }

    @Test func `pipelined requests are parsed one after another by one parser`() {
        let bytes = latin1("GET /1?a HTTP/1.1\r\n\(host)Connection: close\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: b\r\n\r\n")
        withExactBytes(bytes) { bytes in
            var parser = RequestHeadParser()
            guard case .complete(let first) = parser.parse(bytes) else {
                Issue.record("the first is not complete")
                return
            }
            #expect(parser.parse(bytes) == .complete(byteCount: first))
            parser.reset()
            let rest = UnsafeRawBufferPointer(rebasing: bytes[first...])
            #expect(parser.parse(rest) == .complete(byteCount: rest.count))
            let second = ParsedRequest(parser.head, rest, consumed: rest.count)
            #expect(second.path == "/2" && second.query == nil && second.isHEAD && second.keepsAlive)
            #expect(second.authority == "b" && second.fields.count == 1)
        }
    }

    @Test func `a refusal stays until the reset`() {
        var parser = RequestHeadParser()
        let refused = withExactBytes(latin1("G@T")) { parser.parse($0) }
        #expect(withExactBytes(latin1("GET / HTTP/1.0\r\n\r\n")) { parser.parse($0) } == refused)
        parser.reset()
        #expect(withExactBytes(latin1("GET / HTTP/1.0\r\n\r\n")) { parser.parse($0) } == .complete(byteCount: 18))
    }

    @Test func `limits hold to the byte`() {
        let request = latin1("GET /abc HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n")
        func status(_ change: (inout HTTPLimits) -> Void) -> Int? {
            var limits = HTTPLimits()
            change(&limits)
            let whole = outcome(of: request, limits: limits)
            for cuts in cuttings(of: request, seed: 3) {
                #expect(outcome(of: request, cuts: cuts, limits: limits) == whole)
            }
            guard case .refused(let refusal) = whole else { return nil }
            return refusal.status
        }
        #expect(status { $0.headerBytes = request.count } == nil)
        #expect(status { $0.headerBytes = request.count - 1 } == 431)
        #expect(status { $0.targetBytes = 4 } == nil)
        #expect(status { $0.targetBytes = 3 } == 414)
        #expect(status { $0.headerBytes = 6 } == 414)
        #expect(status { $0.headerBytes = 2 } == 431)
        #expect(status { $0.fieldCount = 2 } == nil)
        #expect(status { $0.fieldCount = 1 } == 431)
        #expect(status { $0.headerBytes = .min } == 431)
        #expect(status { $0.headerBytes = .max } == nil)
    }
}
