import Testing

@testable import Workers

@Suite struct LineSplitterTests {
    private func lines(of pieces: [[UInt8]], finishing: Bool = true) -> [String] {
        var splitter = LineSplitter()
        var lines: [String] = []
        for piece in pieces { splitter.append(piece) { lines.append($0.text) } }
        if finishing { splitter.finish { lines.append($0.text) } }
        return lines
    }

    @Test func `lines are the same however the bytes are cut`() {
        let bytes = Array("one\r\ntwo\n\nthree é\nlast".utf8)
        for first in bytes.indices {
            for second in first..<bytes.count {
                let pieces = [Array(bytes[..<first]), Array(bytes[first..<second]), Array(bytes[second...])]
                #expect(lines(of: pieces) == ["one", "two", "", "three é", "last"])
            }
        }
    }

    @Test func `a line without an end is cut at the longest`() {
        let bytes = Array(repeating: UInt8(ascii: "x"), count: 2 * LineSplitter.maximumBytes + 1) + [0x0A, 0x61, 0x0A]
        var splitter = LineSplitter()
        var pieces: [WorkerLine] = []
        splitter.append(bytes) { pieces.append($0) }
        #expect(pieces.map(\.bytes.count) == [LineSplitter.maximumBytes, LineSplitter.maximumBytes, 1, 1])
        #expect(pieces.map(\.part) == [0, 1, 2, 0])
        #expect(pieces.map(\.goesOn) == [true, true, false, false])
    }

    @Test func `a line of as many bytes as one may have is whole`() {
        let bytes = Array(repeating: UInt8(ascii: "x"), count: LineSplitter.maximumBytes) + [0x0A]
        #expect(lines(of: [bytes]).map(\.utf8.count) == [LineSplitter.maximumBytes])
    }

    @Test func `bytes that are no text are shown as such`() {
        #expect(lines(of: [[0x61, 0xFF, 0x62, 0x0A]]) == ["a\u{FFFD}b"])
    }
}

@Suite struct StartupFailureTests {
    @Test func `a failure is printed as a tree below the traceback`() {
        let failure = StartupFailure(
            .notLoaded,
            title: "application not found",
            reason: "module 'shop' has no attribute 'application'\n(it has: app)",
            cause: "AttributeError",
            hint: "serve shop:app",
            traceback: "Traceback (most recent call last):\n  …"
        )
        #expect(
            failure.description == """
                Traceback (most recent call last):
                  …
                StartupError: application not found
                ├─ Reason: module 'shop' has no attribute 'application'
                │    (it has: app)
                ├─ Cause: AttributeError
                └─ Try: serve shop:app
                """
        )
    }

    @Test func `an exit is named for people`() {
        #expect(ProcessExit(reaped: 3).description == "exit status 3")
        #expect(ProcessExit(reaped: -11).description == "signal 11 (SIGSEGV)")
        #expect(ProcessExit(reaped: .min).description.contains("unnamed"))
    }
}
