import Foundation
import Telemetry
import Testing

@Suite struct LogTextTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z", "01/Jan/1970:00:00:00 +0000"),
            (951_827_696, "2000-02-29T12:34:56.000Z", "29/Feb/2000:12:34:56 +0000"),
            (1_795_364_401, "2026-11-22T16:20:01.000Z", "22/Nov/2026:16:20:01 +0000"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z", "01/Mar/2100:00:00:00 +0000"),
            (-1, "1969-12-31T23:59:59.000Z", "31/Dec/1969:23:59:59 +0000"),
        ] as [(Int64, String, String)]
    )
    func `moments have the date that the calendar says`(seconds: Int64, rfc3339: String, commonLog: String) {
        let time = UTCTime(seconds: seconds)
        #expect(time.rfc3339 == rfc3339)
        #expect(time.commonLog == commonLog)
    }

    @Test func `days over four centuries agree with Foundation`() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        for day in stride(from: Int64(-70_000), to: 80_000, by: 13) {
            let date = Date(timeIntervalSince1970: Double(day) * 86_400)
            let parts = calendar.dateComponents([.year, .month, .day], from: date)
            let numbers = [parts.year, parts.month, parts.day].compactMap { $0 }
            try #require(numbers.count == 3)
            let expected = String(format: "%04d-%02d-%02dT00:00:00.000Z", numbers[0], numbers[1], numbers[2])
            #expect(UTCTime(seconds: day * 86_400).rfc3339 == expected)
        }
    }

    @Test func `moments that no clock tells do not trap`() {
        #expect(UTCTime(seconds: .max, nanoseconds: .max).rfc3339 == "1970-01-01T00:00:00.000Z")
        #expect(!UTCTime(seconds: .max / 1000).rfc3339.isEmpty)
        #expect(!UTCTime(seconds: .min / 1000).commonLog.isEmpty)
    }

    static let line = AccessLogLine(
        time: UTCTime(seconds: 1_795_364_401, nanoseconds: 123_000_000),
        client: "203.0.113.9",
        method: Array("GET".utf8),
        target: Array("/a?b=\"c\\d\u{1b}[2J\r\n한".utf8),
        status: 200,
        responseBytes: 2326,
        userAgent: Array("curl/8".utf8) + [0xFF, 0x7F],
        queueNanoseconds: 1_234_567,
        serviceNanoseconds: nil,
        requestID: "r1"
    )

    @Test func `an access line is combined format, and what the client chose cannot leave its quotes`() {
        #expect(
            Self.line.rendered(as: .text)
                == #"203.0.113.9 - - [22/Nov/2026:16:20:01 +0000] "#
                + #""GET /a?b=\x22c\x5cd\x1b[2J\x0d\x0a\xed\x95\x9c HTTP/1.1" 200 2326 "-" "curl/8\xff\x7f" "#
                + "queue_ms=1.235 service_ms=- id=r1\n"
        )
    }

    @Test func `an access line in JSON has the same bytes`() throws {
        let text = Self.line.rendered(as: .json)
        #expect(text.utf8.count { $0 == 0x0A } == 1)
        let json = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(json["target"] as? String == #"/a?b=\x22c\x5cd\x1b[2J\x0d\x0a\xed\x95\x9c"#)
        #expect(json["queue_ms"] as? Double == 1.235)
        #expect(json["service_ms"] is NSNull)
        #expect(json["referer"] == nil)
        #expect(json["time"] as? String == "2026-11-22T16:20:01.123Z")
    }

    @Test func `every byte is one line of printable ASCII when escaped`() {
        let escaped = EscapedText.bytes(0...255 as ClosedRange<UInt8>)
        #expect(escaped.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        #expect(escaped.contains(" !\\x22#"))
    }

    @Test func `text keeps its letters and loses its controls`() {
        #expect(EscapedText.line("한글 déjà 🦜") == "한글 déjà 🦜")
        let hostile = "a\nb\r\nc\td\u{1b}[31m\u{85}\u{2028}\u{202e}"
        #expect(EscapedText.line(hostile) == #"a\nb\r\nc\td\u{1b}[31m\u{85}\u{2028}\u{202e}"#)
        #expect(EscapedText.value("word") == "word")
        #expect(EscapedText.value("") == "\"\"")
        #expect(EscapedText.value("two words") == "\"two words\"")
        #expect(EscapedText.value("x level=error") == "\"x level=error\"")
        #expect(EscapedText.value("a\"b\\\n") == #""a\"b\\\n""#)
    }

    @Test func `what a server answers keeps its lines and moves no cursor`() {
        #expect(EscapedText.lines("a\tb\n\u{1b}[2J\r") == "a\tb\n\\u{1b}[2J\\r")
        #expect(EscapedText.json("{\"a\":\"\u{9b}\u{202e}\"}\n") == "{\"a\":\"\\u009b\\u202e\"}\n")
    }
}
