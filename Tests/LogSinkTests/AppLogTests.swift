import Telemetry
import Testing

@testable import LogSink

@Suite struct AppLogTests {
    private static let time = UTCTime(seconds: 0, nanoseconds: 0)

    private func rendered(_ bytes: [UInt8], _ form: AppLog.Form, _ change: (inout AppLine) -> Void = { _ in })
        -> [UInt8]?
    {
        var line = AppLine(source: .stdout, level: .info, worker: "1", bytes: bytes)
        change(&line)
        return AppLog.rendered(line, as: form, at: Self.time)
    }

    private func text(_ text: String, _ form: AppLog.Form, _ change: (inout AppLine) -> Void = { _ in }) -> String? {
        rendered(Array(text.utf8), form, change).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `raw is byte for byte`() {
        let bytes: [UInt8] = [0x00, 0xFF, 0x1B, 0x5B, 0x41, 0x0D]
        #expect(rendered(bytes, .raw) == bytes + [0x0A])
    }

    @Test func `a piece of a line says so in each form`() throws {
        let raw = try #require(text("x", .raw) { $0.goesOn = true })
        #expect(raw.hasPrefix("x") && raw.contains("goes on") && raw.hasSuffix("\n"))
        #expect(try #require(text("x", .text) { $0.goesOn = true }).contains("part=1"))
        #expect(try #require(text("x", .json) { $0.part = 1 }).contains(#""part":"2, the last""#))
    }

    @Test func `an object stands in a JSON record untouched`() throws {
        let object = #"{"level": "warn", "n": 1.50, "é": [{}, null]}"#
        let record = try #require(text(object, .json))
        #expect(record.hasSuffix(#""worker":"1","app":\#(object)}"# + "\n"))
        for other in ["[1]", "{", #"{"a":01}"#, #"{"a":1} x"#, "{\"a\":\"\t\"}", "{'a':1}"] {
            #expect(try #require(text(other, .json)).contains(#""message":"stdout: "#), "\(other)")
        }
        #expect(try #require(rendered([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D], .json)).count > 20)
        let deep = String(repeating: #"{"a":"#, count: 5000) + "1" + String(repeating: "}", count: 5000)
        #expect(try #require(text(deep, .json)).contains("message"))
    }

    @Test func `a long line is not cut`() throws {
        let line = String(repeating: "x", count: 1 << 20)
        #expect(try #require(text(line, .text)).contains(line))
        #expect(try #require(text(line, .json)).contains(line))
    }

    @Test func `a terminal gets lines and tracebacks as they are, colours too, and nothing that moves the cursor`()
        throws
    {
        #expect(text("plain\r", .terminal) == "plain\n")
        #expect(text("\u{1B}[31mred", .terminal) == "\u{1B}[31mred\u{1B}[0m\n")
        #expect(text("\ta\u{1B}[2J", .terminal) == "\ta\\u{1b}[2J\n")
        let traceback = "Traceback (most recent call last):\n  File\nValueError: x"
        let shown = try #require(text(traceback, .terminal) { $0.level = .error })
        #expect(shown.hasSuffix("\n" + traceback + "\n"))
        #expect(shown.contains("ERROR") && shown.contains("worker=1"))
    }

    @Test func `off leaves what the app fails with`() {
        #expect(text("x", .off(isJSON: false)) == nil)
        #expect(
            text("x", .off(isJSON: false)) {
                $0.source = .app; $0.level = .error
            } != nil
        )
    }
}
