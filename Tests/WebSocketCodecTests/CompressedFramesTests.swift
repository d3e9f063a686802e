import Testing
import WebSocketCodec

/// Where a reader stops that allows compression: what it has produced, or the violation.
private func read(_ bytes: [UInt8], limit: Int = 0) -> Result<[UInt8], WebSocketViolation> {
    var reader = MessageReader(limit: limit, allowsCompression: true)
    var output = [UInt8](repeating: 0, count: 1000)
    do throws(WebSocketViolation) {
        let step = try bytes.withUnsafeBufferPointer { input throws(WebSocketViolation) in
            try output.withUnsafeMutableBufferPointer { room throws(WebSocketViolation) in
                try reader.read(UnsafeRawBufferPointer(input), into: UnsafeMutableRawBufferPointer(room))
            }
        }
        #expect(step.event == .message)
        #expect(reader.isCompressed)
        return .success(Array(output[..<step.produced]))
    } catch {
        return .failure(error)
    }
}

/// Compressed messages as frames have them; what they say is in `MessageInflationTests`.
@Suite struct CompressedFramesTests {
    @Test func `the first frame says that a message is compressed`() {
        #expect(read(frame(1, [1, 2], rsv: 4)) == .success([1, 2]))
        #expect(read(frame(2, [1], fin: false, rsv: 4) + more([2], fin: false) + more([3])) == .success([1, 2, 3]))
    }

    @Test func `no other frame does`() {
        #expect(read(frame(2, [1], fin: false, rsv: 4) + frame(0, [2], rsv: 4)) == .failure(.reservedBit))
        #expect(read(frame(2, [1], fin: false) + frame(0, [2], rsv: 4)) == .failure(.reservedBit))
        for opcode in [8, 9, 10] as [UInt8] { #expect(read(frame(opcode, rsv: 4)) == .failure(.reservedBit)) }
    }

    @Test(arguments: [1, 2, 3, 5, 6, 7] as [UInt8])
    func `the other reserved bits mean nothing still`(_ bits: UInt8) {
        #expect(read(frame(1, [1], rsv: bits)) == .failure(.reservedBit))
    }

    @Test func `what travels is neither text nor counted`() {
        let bytes = [UInt8](repeating: 0xFF, count: 500)
        #expect(read(frame(1, bytes, rsv: 4), limit: 100) == .success(bytes))
        #expect(read(frame(1, bytes), limit: 100) == .failure(.tooLarge))
    }

    @Test func `damaged data closes with 1007`() {
        #expect(WebSocketViolation.badCompression.closeCode.rawValue == 1007)
    }
}
