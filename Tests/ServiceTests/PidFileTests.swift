import Foundation
import Testing

@testable import Service

@Suite struct PidFileTests {
    private let directory = NSTemporaryDirectory() + "roost-pid-\(UUID().uuidString)"
    private var path: String { directory + "/roost.pid" }

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    private func text() -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    @Test func `it is there when it is published, and gone when it is removed`() throws {
        let file = try PidFile(path: path)
        #expect(text() == nil)
        try file.publish()
        #expect(text() == "\(getpid())\n")
        file.remove()
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    }

    @Test func `one that names a living process is an error that says which`() throws {
        try "1\n".write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: ServiceError.self) { try PidFile(path: path) }
        #expect(error?.reason.contains("process 1,") == true)
        #expect(text() == "1\n")
    }

    @Test func `one that names the process to be replaced is taken over`() throws {
        try "1\n".write(toFile: path, atomically: true, encoding: .utf8)
        try PidFile(path: path, predecessor: 1).publish()
        #expect(text() == "\(getpid())\n")
    }

    @Test(arguments: ["2147483646\n", "", " 2147483646"])
    func `one that is left over is replaced`(left: String) throws {
        try left.write(toFile: path, atomically: true, encoding: .utf8)
        try PidFile(path: path).publish()
        #expect(text() == "\(getpid())\n")
    }

    @Test(arguments: ["nonsense", "2147483646 and more\n", "[settings]\n", "99999999999\n"])
    func `what holds something else is an error and stays`(text: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: ServiceError.self) { try PidFile(path: path) }
        #expect(error?.reason.contains(path) == true)
        #expect(self.text() == text)
    }

    @Test func `a link and a FIFO are errors that name what is there and wait for nobody`() throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "target")
        #expect(throws: ServiceError.self) { try PidFile(path: path) }
        try FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        let error = #expect(throws: ServiceError.self) { try PidFile(path: path) }
        #expect(error?.reason.contains("a FIFO") == true)
    }

    @Test func `what comes before it is published stays`() throws {
        let file = try PidFile(path: path)
        try "mine".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: ServiceError.self) { try file.publish() }
        file.remove()
        #expect(text() == "mine")
    }

    @Test func `a foreign file beside it stays`() throws {
        let beside = "\(path).\(getpid())"
        try "mine".write(toFile: beside, atomically: true, encoding: .utf8)
        #expect(throws: ServiceError.self) { try PidFile(path: path) }
        #expect(try String(contentsOfFile: beside, encoding: .utf8) == "mine")
    }

    @Test func `one that another server has written meanwhile stays`() throws {
        let file = try PidFile(path: path)
        try file.publish()
        try "1\n".write(toFile: path, atomically: true, encoding: .utf8)
        file.remove()
        #expect(text() == "1\n")
    }

    @Test func `a directory that is not there is an error that names the file`() {
        let error = #expect(throws: ServiceError.self) { try PidFile(path: directory + "/no/roost.pid") }
        #expect(error?.reason.contains(directory + "/no/roost.pid") == true)
    }
}
