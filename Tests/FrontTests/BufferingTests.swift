import Glibc
import NIOCore
import Testing

@testable import Front

/// What waits in memory and in files.
@Suite struct BufferingTests {
    private let allocator = ByteBufferAllocator()

    private func append(_ bytes: [UInt8], to backlog: inout ResponseBacklog, limit: Int) throws {
        try bytes.withUnsafeBytes {
            try backlog.append($0, memoryLimit: limit, directory: "/tmp", allocator: allocator)
        }
    }

    private func takeAll(_ backlog: inout ResponseBacklog, most: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while let buffer = try backlog.next(most, allocator: allocator) { all += buffer.readableBytesView }
        return all
    }

    @Test(arguments: [0, 1, 5_000, 1 << 20])
    func `a response comes back in order, byte for byte, from memory and then from a file`(limit: Int) throws {
        let bytes = pattern(100_000)
        var backlog = ResponseBacklog()
        var offset = 0
        var size = 1
        while offset < bytes.count {
            try append(Array(bytes[offset..<min(offset + size, bytes.count)]), to: &backlog, limit: limit)
            offset += size
            size = size * 3 % 7001 + 1
        }
        #expect(backlog.byteCount == bytes.count)
        #expect(backlog.memoryBytes <= limit)
        #expect(try takeAll(&backlog, most: 777) == bytes)
        #expect(backlog.isEmpty)
        #expect(backlog.byteCount == 0)
        #expect(backlog.memoryBytes == 0)
    }

    @Test func `what is taken while more comes keeps its order`() throws {
        let bytes = pattern(60_000)
        var backlog = ResponseBacklog()
        var all: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 1_000) {
            try append(Array(bytes[start..<(start + 1_000)]), to: &backlog, limit: 4_000)
            // Takes less than comes, so that it grows into the file, and now and then all.
            if start.isMultiple(of: 20_000) {
                all += try takeAll(&backlog, most: 300)
            } else if let buffer = try backlog.next(700, allocator: allocator) {
                all += buffer.readableBytesView
            }
        }
        all += try takeAll(&backlog, most: 9_999)
        #expect(all == bytes)
    }

    @Test func `a backlog that was read to its end starts in memory again`() throws {
        var backlog = ResponseBacklog()
        try append(pattern(10), to: &backlog, limit: 5)
        #expect(backlog.memoryBytes == 0)
        #expect(try takeAll(&backlog, most: 100) == pattern(10))
        try append(pattern(4), to: &backlog, limit: 5)
        #expect(backlog.memoryBytes == 4)
    }

    @Test func `a part of a file that was handed over comes in its place`() throws {
        let bytes = pattern(5_000)
        let file = try SpoolFile(in: "/tmp")
        try bytes.withUnsafeBytes { try file.append($0) }
        var backlog = ResponseBacklog()
        try append([1, 2, 3], to: &backlog, limit: 100)
        backlog.append(file, offset: 1_000, count: 2_000)
        backlog.append(file, offset: 0, count: 0)
        #expect(backlog.byteCount == 2_003)
        #expect(try takeAll(&backlog, most: 512) == [1, 2, 3] + bytes[1_000..<3_000])
    }

    @Test func `a file that was cut short is an error and not the end`() throws {
        let file = try SpoolFile(in: "/tmp")
        try pattern(1_000).withUnsafeBytes { try file.append($0) }
        var backlog = ResponseBacklog()
        backlog.append(file, offset: 0, count: 1_000)
        #expect(try backlog.next(600, allocator: allocator)?.readableBytes == 600)
        #expect(ftruncate(file.descriptor, 600) == 0)
        #expect(throws: SpoolError.self) { try backlog.next(600, allocator: allocator) }
    }

    @Test func `what is dropped is gone`() throws {
        var backlog = ResponseBacklog()
        try append(pattern(100), to: &backlog, limit: 10)
        backlog.removeAll()
        #expect(backlog.isEmpty)
        #expect(try backlog.next(10, allocator: allocator) == nil)
    }

    @Test(arguments: [1, 64, 65, 1_000, 10_000])
    func `a body goes to a file beyond the limit, whole, and not before`(piece: Int) throws {
        let bytes = pattern(3_000)
        for limit in [0, 1, 2_999, 3_000, 3_001] {
            var body = RequestBody()
            for start in stride(from: 0, to: bytes.count, by: piece) {
                try bytes[start..<min(start + piece, bytes.count)].withUnsafeBytes {
                    try body.append($0, memoryLimit: limit, directory: "/tmp")
                }
            }
            #expect(body.byteCount == 3_000)
            if limit < 3_000 {
                let file = try #require(body.file)
                #expect(contents(of: file) == bytes)
                #expect(file.byteCount == 3_000)
                #expect(body.memory.readableBytes == 0)
            } else {
                #expect(body.file == nil)
                #expect(Array(body.memory.readableBytesView) == bytes)
            }
        }
    }

    @Test func `a body in memory can be moved to a file`() throws {
        var body = RequestBody(ByteBuffer(bytes: pattern(500)))
        #expect(body.byteCount == 500)
        try body.moveToFile(in: "/tmp")
        #expect(body.byteCount == 500)
        #expect(contents(of: try #require(body.file)) == pattern(500))
    }

    @Test func `a file that cannot be made is an error that says where`() {
        let error = #expect(throws: SpoolError.self) { try SpoolFile(in: "/nowhere/at all") }
        #expect(error?.description.contains("/nowhere/at all") == true)
    }

    @Test func `a spool file has no name and is not inherited`() throws {
        let file = try SpoolFile(in: "/tmp")
        var information = stat()
        #expect(fstat(file.descriptor, &information) == 0)
        #expect(information.st_nlink == 0)
        #expect(fcntl(file.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func `reading a spool file ends where it ends`() throws {
        let file = try SpoolFile(in: "/tmp")
        try pattern(10).withUnsafeBytes { try file.append($0) }
        var room = [UInt8](repeating: 0, count: 8)
        #expect(try room.withUnsafeMutableBytes { try file.read(at: 4, into: $0) } == 6)
        #expect(Array(room.prefix(6)) == Array(pattern(10)[4...]))
        #expect(try room.withUnsafeMutableBytes { try file.read(at: 10, into: $0) } == 0)
        #expect(throws: SpoolError.self) { try room.withUnsafeMutableBytes { try file.read(at: -1, into: $0) } }
    }

    @Test func `the id of a request is the server's eight digits and the number's eight`() {
        let ids = RequestID(prefix: 0x00C0_FFEE)
        #expect(ids.text(0) == "00c0ffee00000000")
        #expect(ids.text(0xABC) == "00c0ffee00000abc")
        #expect(ids.text(0x1_0000_0001) == "00c0ffee00000001")
        #expect(ids.text(.max) == "00c0ffeeffffffff")
    }
}
