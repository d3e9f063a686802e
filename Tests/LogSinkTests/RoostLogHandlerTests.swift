import Foundation
import LogSink
import Logging
import Telemetry
import Testing

@Suite struct RoostLogHandlerTests {
    /// What a logger wrote.
    private func logged(
        _ format: RoostLogHandler.Format = .text,
        level: Logger.Level = .info,
        _ log: (_ logger: inout Logger) -> Void
    ) throws -> String {
        let pipe = TestPipe()
        let writer = try BoundedLogWriter(to: .descriptor(pipe.writer))
        var logger = Logger(label: "test") { _ in
            RoostLogHandler(writer: writer, format: format, logLevel: level) {
                UTCTime(seconds: 1_795_364_401, nanoseconds: 123_000_000)
            }
        }
        log(&logger)
        writer.write("end\n")
        #expect(writer.stop(within: .seconds(60)))
        return String(pipe.read { $0.hasSuffix("end\n") }.dropLast(4))
    }

    @Test func `a line is time, level, sentence, and values by name`() throws {
        let text = try logged { logger in
            logger[metadataKey: "worker"] = "1"
            logger.info("worker is ready", metadata: ["pid": "4242", "app": "flask app"])
        }
        #expect(text == "2026-11-22T16:20:01.123Z INFO worker is ready app=\"flask app\" pid=4242 worker=1\n")
    }

    @Test func `less severe levels are not written`() throws {
        let text = try logged(level: .warning) { logger in
            logger.info("not this")
            logger.warning("this")
        }
        #expect(text == "2026-11-22T16:20:01.123Z WARNING this\n")
    }

    @Test func `no value can begin a line that looks like another event`() throws {
        let forged = "x\n2026-11-22T16:20:01.123Z ERROR forged\r\u{1b}[2J\u{85}"
        let text = try logged { $0.error("\(forged)", metadata: ["traceback": "\(forged)", "a\nb": "c\rd"]) }
        for line in text.split(separator: "\n").dropFirst() {
            #expect(line.hasPrefix("  | "), "\(line)")
        }
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !EscapedText.isUnsafe($0) })
        #expect(text.contains(#"a\nb="c\rd""#))
    }

    @Test func `a traceback is readable below its line`() throws {
        let text = try logged {
            let traceback = "Traceback:\n  File \"a.py\"\n\tx = 1\n"
            $0.error("application raised", metadata: ["traceback": "\(traceback)", "id": "r1"])
        }
        #expect(
            text == "2026-11-22T16:20:01.123Z ERROR application raised id=r1 traceback=\n"
                + "  | Traceback:\n  |   File \"a.py\"\n  | \tx = 1\n"
        )
    }

    @Test func `JSON lines hold everything and no key twice`() throws {
        let text = try logged(.json) { $0.error("it\nfailed", metadata: ["level": "x", "trace": "a\nb\u{2028}"]) }
        #expect(text.utf8.count { $0 == 0x0A } == 1)
        let json = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
        let expected = [
            "time": "2026-11-22T16:20:01.123Z", "level": "error", "level_": "x", "message": "it\nfailed",
            "trace": "a\nb\u{2028}",
        ]
        #expect(json == expected)
    }

    @Test func `an event of any size is cut to a bounded one`() throws {
        let text = try logged { $0.info("big", metadata: ["value": "\(String(repeating: "x", count: 100_000))"]) }
        #expect(text.utf8.count < 40_000)
        #expect(text.hasSuffix("(67232 bytes more)\"\n"))
    }

    @Test func `the notice of dropped lines is JSON where the log is`() throws {
        let line = RoostLogHandler.noticeLine(.json) { UTCTime(seconds: 0) }(.dropped(7))
        let json = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(json["count"] == "7")
        #expect(json["level"] == "warning")
    }
}
