import Testing
import WebSocketCodec

@Suite struct FrameWriterTests {
    private func head(_ opcode: Opcode, isFinal: Bool = true, isCompressed: Bool = false, count: Int) -> [UInt8] {
        var room = [UInt8](repeating: 0xEE, count: FrameWriter.greatestHead)
        let written = room.withUnsafeMutableBytes { room in
            room.baseAddress.map {
                FrameWriter.writeHead(opcode, isFinal: isFinal, isCompressed: isCompressed, count: count, to: $0)
            }
        }
        return Array(room.prefix(written ?? 0))
    }

    @Test func `lengths are written in as few bytes as can be`() {
        #expect(head(.text, count: 0) == [0x81, 0])
        #expect(head(.text, count: 125) == [0x81, 125])
        #expect(head(.binary, count: 126) == [0x82, 126, 0, 126])
        #expect(head(.binary, count: 65_535) == [0x82, 126, 0xFF, 0xFF])
        #expect(head(.binary, count: 65_536) == [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0])
    }

    @Test func `pieces and compressed messages are marked`() {
        #expect(head(.text, isFinal: false, count: 1) == [0x01, 1])
        #expect(head(.continuation, count: 1) == [0x80, 1])
        #expect(head(.text, isCompressed: true, count: 1) == [0xC1, 1])
    }

    @Test func `a control frame is never too long`() {
        #expect(FrameWriter.control(.ping) == [0x89, 0])
        #expect(FrameWriter.control(.pong, [1, 2]) == [0x8A, 2, 1, 2])
        #expect(FrameWriter.control(.pong, Array(repeating: 1, count: 200)).count == 127)
    }

    @Test func `a reason is cut between characters`() {
        let message = CloseMessage(.normal, String(repeating: "한", count: 60))
        #expect(message.reason.count == 123 && String(validating: message.reason, as: UTF8.self) != nil)
        let other = CloseMessage(.normal, "a" + String(repeating: "한", count: 60))
        #expect(other.reason.count == 121 && String(validating: other.reason, as: UTF8.self) != nil)
    }

    @Test func `codes that may not be sent are not`() {
        #expect(CloseMessage(.noneReceived, "x").payload.isEmpty)
        #expect(CloseMessage(.lost, "x").payload.isEmpty)
        #expect(CloseMessage(.restart, "x").payload == [0x03, 0xF4, 120])
    }

    @Test func `the mask comes off whatever the length and wherever it is cut`() {
        for count in 0..<100 {
            let clear = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
            let masked = Array(frame(2, clear, mask: [1, 2, 3, 250]).suffix(count))
            for cut in 0...count {
                var key = MaskingKey(UInt32(bigEndian: 0x0102_03FA))
                var result = [UInt8](repeating: 0, count: count)
                masked.withUnsafeBytes { source in
                    result.withUnsafeMutableBytes { target in
                        guard let source = source.baseAddress, let target = target.baseAddress else { return }
                        key.apply(from: source, to: target, count: cut)
                        key.apply(from: source + cut, to: target + cut, count: count - cut)
                    }
                }
                #expect(result == clear)
            }
        }
    }

    @Test func `the mask comes off in place`() {
        let clear = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
        var bytes = Array(frame(2, clear, mask: [1, 2, 3, 250]).suffix(clear.count))
        var key = MaskingKey(UInt32(bigEndian: 0x0102_03FA))
        bytes.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            key.apply(from: base, to: base, count: bytes.count)
        }
        #expect(bytes == clear)
    }
}
