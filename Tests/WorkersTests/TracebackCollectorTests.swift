import Logging
import Testing

@testable import Workers

@Suite struct TracebackCollectorTests {
    private func lines(of text: String) -> [WorkerLine] {
        var collector = TracebackCollector()
        var lines: [WorkerLine] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            collector.append(WorkerLine(bytes: Array(line.utf8))) { lines.append($0) }
        }
        collector.finish { lines.append($0) }
        return lines
    }

    private static let plain = "Traceback (most recent call last):\n  File \"a.py\", line 1\n    a()\nValueError: no"

    @Test func `a traceback is one record, and what follows is another`() {
        let lines = lines(of: "before\n\(Self.plain)\nafter")
        #expect(lines.map(\.text) == ["before", Self.plain, "after"])
        #expect(lines.map(\.isTraceback) == [false, true, false])
    }

    @Test func `chained tracebacks belong together`() {
        let chain =
            "\(Self.plain)\n\nDuring handling of the above exception, another exception occurred:\n\n\(Self.plain)"
        #expect(lines(of: chain).map(\.text) == [chain])
    }

    @Test func `whatever is written comes out, byte for byte`() {
        for text in [
            "\(Self.plain)\n\n\nx", "Traceback (most recent call last):", "\(Self.plain)\n\n", "\n\n  x", Self.plain,
        ] {
            #expect(lines(of: text).map(\.text).joined(separator: "\n") == text)
        }
    }

    @Test func `what the worker's own code says is known by its prefix`() {
        #expect(WorkerNotice("roost: error: it failed")?.level == .error)
        #expect(WorkerNotice("roost: error: it failed")?.message == "it failed")
        #expect(WorkerNotice("roost: warning: few")?.level == .warning)
        #expect(WorkerNotice("roost: a note")?.level == .info)
        #expect(WorkerNotice("error: of the app") == nil)
    }
}
