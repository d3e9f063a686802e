import HTTPCodec
import RequestQueue
import Telemetry
import Testing
import WorkerLink

@testable import Front

@Suite struct LogTests {
    private func append(_ lines: inout AppLines, _ mark: LogMark, _ text: String, request: UInt64 = 1) -> [AppLines
        .Line]
    {
        Array(text.utf8).withUnsafeBytes { lines.append(mark, $0, request: request) }
    }

    @Test func `pieces of a line are put together, whoever speaks between them`() {
        var lines = AppLines()
        #expect(append(&lines, LogMark(level: 4, continues: false, goesOn: true), "one ") == [])
        let other = append(&lines, LogMark(level: 4, continues: false, goesOn: false), "other\n", request: 2)
        #expect(other == [.init(level: 4, bytes: Array("other".utf8))])
        let whole = append(&lines, LogMark(level: 4, continues: true, goesOn: false), "line")
        #expect(whole == [.init(level: 4, bytes: Array("one line".utf8))])
    }

    @Test func `a line whose end was lost is handed on as a piece`() {
        var lines = AppLines()
        _ = append(&lines, LogMark(level: 4, continues: false, goesOn: true), "torn")
        let next = append(&lines, LogMark(level: 4, continues: false, goesOn: false), "next")
        #expect(next.map(\.goesOn) == [true, false])
    }

    @Test func `what is kept has bounds`() {
        var lines = AppLines()
        let piece = String(repeating: "x", count: AppLines.maximumBytes)
        let full = append(&lines, LogMark(level: 4, continues: false, goesOn: true), piece)
        #expect(full.map(\.goesOn) == [true])
        let last = append(&lines, LogMark(level: 4, continues: true, goesOn: false), "y")
        #expect(last == [.init(level: 4, bytes: [0x79], part: 1)])
        for request in 10..<1000 as Range<UInt64> {
            _ = append(&lines, LogMark(level: 4, continues: false, goesOn: true), "x", request: request)
        }
        let beyond = append(&lines, LogMark(level: 4, continues: false, goesOn: true), "x", request: 1000)
        #expect(beyond.map(\.goesOn) == [true])
    }

    @Test func `a mark is read back, and any byte can be read`() {
        for byte in UInt8.min ... .max { #expect(LogMark(byte).level <= 6) }
        let mark = LogMark(level: 5, continues: true, goesOn: true)
        #expect(LogMark(mark.byte) == mark)
    }

    @Test func `a budget lets some lines through and counts the others`() {
        var budget = LineBudget(lines: 2, period: .seconds(10))
        let start = Instant(nanoseconds: 1_000_000_000)
        #expect((0..<5).map { _ in budget.take(at: start) } == [0, 0, nil, nil, nil])
        #expect(budget.take(at: start + .seconds(11)) == 3)
        #expect(budget.take(at: start + .seconds(11)) == 0)
    }

    @Test func `a refused request is in the access log with its cause and what was understood`() throws {
        let front = try FrontUnderTest()
        let client = try front.connect()
        try client.send("GET /bad\u{1}path HTTP/1.1\r\nHost: a\r\n\r\n")
        let line = try #require(front.accessLog.first)
        #expect(line.status == 400)
        #expect(line.cause != nil)
        #expect(line.method == Array("GET".utf8))
        #expect(line.target == Array("/bad\u{1}path".utf8))
        #expect(line.version == "HTTP/1.1")
    }

    @Test func `of bytes that are no request as much is shown as there is`() {
        func glimpse(_ text: String) -> RequestGlimpse { Array(text.utf8).withUnsafeBytes { RequestGlimpse($0) } }
        #expect(glimpse("") == glimpse("\r\n"))
        #expect(glimpse("GET").method == Array("GET".utf8))
        #expect(glimpse("GET  /a b HTTP/9\r\n").target == Array("/a b".utf8))
        #expect(glimpse("GET /half").target == Array("/half".utf8))
        #expect(glimpse(String(repeating: "x", count: 9999)).method.count == RequestGlimpse.methodBytes)
        #expect(glimpse("GET /" + String(repeating: "x", count: 9999)).target.count == RequestGlimpse.targetBytes)
    }
}
