import Foundation
import LogSink
import Testing

@Suite struct BoundedLogWriterTests {
    @Test func `lines come out whole and in order`() throws {
        let pipe = TestPipe()
        let writer = try BoundedLogWriter(to: .descriptor(pipe.writer), capacity: 4096)
        // Each line is waited for, so that the ring, which is smaller than all of them, wraps but never overflows.
        for number in 1...500 {
            #expect(writer.write("line \(number)\n"))
            #expect(writer.flush(within: .seconds(60)))
        }
        let text = pipe.read { $0.hasSuffix("line 500\n") }
        #expect(text == (1...500).map { "line \($0)\n" }.joined())
        #expect(writer.droppedLines == 0)
        #expect(writer.stop(within: .seconds(60)))
    }

    // the test (any thread)              drain thread              reader of the log
    // fills the pipe
    //                                    write(2) blocks           does not read
    // write ×1000 return; most are
    // dropped and counted
    //                                    write(2) returns          reads everything
    // write returns                      writes the notice, then the line
    @Test func `a reader that stalls blocks nobody, and what it missed is told to it`() throws {
        let pipe = TestPipe()
        pipe.fill()
        let writer = try BoundedLogWriter(to: .descriptor(pipe.writer), capacity: 1000)
        let taken = (1...1000).map { writer.write("line \(padded($0))\n") }
        // 10 bytes each: exactly 100 fit.
        #expect(taken == (1...1000).map { $0 <= 100 })
        #expect(writer.droppedLines == 900)
        #expect(!writer.flush(within: .milliseconds(1)))

        let text = pipe.read { $0.contains("failed)\n") }
        #expect(writer.write("after\n"))
        #expect(writer.flush(within: .seconds(60)))
        let rest = pipe.read { $0.hasSuffix("after\n") }
        let lines = (text + rest).drop { $0 == "." }.split(separator: "\n")
        #expect(lines.prefix(100) == (1...100).map { "line \(padded($0))" }[...])
        let notice = "roost: 900 log lines dropped (the log's reader stalled, or writing failed)"
        #expect(lines.dropFirst(100) == [notice[...], "after"])
        #expect(writer.droppedLines == 900)
        #expect(writer.stop(within: .seconds(60)))
    }

    private func padded(_ number: Int) -> String {
        String(format: "%04d", number)
    }

    @Test func `many threads at once lose nothing while there is room`() async throws {
        let pipe = TestPipe()
        let writer = try BoundedLogWriter(to: .descriptor(pipe.writer), capacity: 1 << 20)
        async let text = Task.detached { pipe.read { $0.utf8.count { $0 == 0x0A } == 8000 } }.value
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<8 {
                group.addTask {
                    for number in 0..<1000 { writer.write("\(thread) \(number)\n") }
                }
            }
        }
        let lines = await text.split(separator: "\n").map { $0.split(separator: " ").compactMap { Int($0) } }
        #expect(lines.count == 8000)
        for thread in 0..<8 {
            #expect(lines.filter { $0[0] == thread }.map { $0[1] } == Array(0..<1000))
        }
        #expect(writer.droppedLines == 0)
        #expect(writer.stop(within: .seconds(60)))
    }

    @Test func `a line longer than the ring is dropped and counted`() throws {
        let pipe = TestPipe()
        let writer = try BoundedLogWriter(to: .descriptor(pipe.writer), capacity: 128)
        #expect(!writer.write(String(repeating: "x", count: 200) + "\n"))
        #expect(writer.droppedLines == 1)
        #expect(writer.write("short\n"))
        let text = pipe.read { $0.hasSuffix("short\n") }
        #expect(text == "roost: 1 log line dropped (the log's reader stalled, or writing failed)\nshort\n")
        #expect(writer.stop(within: .seconds(60)))
    }

    @Test func `a reader that is gone costs its lines and nothing else`() throws {
        let pipe = TestPipe()
        let writer = try BoundedLogWriter(to: .descriptor(pipe.writer))
        pipe.closeReader()
        for count in 1...3 {
            #expect(writer.write("nobody reads this\n"))
            #expect(writer.flush(within: .seconds(60)))
            #expect(writer.droppedLines == count)
        }
        // Its thread ends: it does not go on telling nobody about the loss of what it told.
        #expect(writer.stop(within: .seconds(60)))
        #expect(writer.droppedLines == 3)
    }

    @Test func `lines after the end are refused`() throws {
        let pipe = TestPipe()
        let writer = try BoundedLogWriter(to: .descriptor(pipe.writer))
        writer.write("last\n")
        #expect(writer.stop(within: .seconds(60)))
        #expect(!writer.write("too late\n"))
        #expect(writer.stop(within: .seconds(60)))
        #expect(pipe.read { $0.hasSuffix("\n") } == "last\n")
    }

    @Test func `a stalled reader does not hold up the end`() throws {
        let pipe = TestPipe()
        pipe.fill()
        let writer = try BoundedLogWriter(to: .descriptor(pipe.writer))
        writer.write("stuck\n")
        #expect(!writer.stop(within: .milliseconds(1)))
        _ = pipe.read { $0.hasSuffix("stuck\n") }
        #expect(writer.stop(within: .seconds(60)))
    }

    @Test func `a rotated file is opened anew`() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let (file, old) = (directory.appendingPathComponent("log"), directory.appendingPathComponent("log.1"))
        let writer = try BoundedLogWriter(to: .file(path: file.path))
        writer.write("one\n")
        #expect(writer.flush(within: .seconds(60)))
        try FileManager.default.moveItem(at: file, to: old)
        writer.reopen()
        writer.write("two\n")
        #expect(writer.stop(within: .seconds(60)))
        #expect(try String(contentsOf: old, encoding: .utf8) == "one\n")
        #expect(try String(contentsOf: file, encoding: .utf8) == "two\n")
    }

    @Test func `a file that cannot be opened is named in the error`() {
        let error = #expect(throws: LogSinkError.self) {
            try BoundedLogWriter(to: .file(path: "/nonexistent/directory/log"))
        }
        #expect(error?.description.contains("open '/nonexistent/directory/log': No such file or directory") == true)
    }
}
