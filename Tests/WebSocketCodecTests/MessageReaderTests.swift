import Testing
import WebSocketCodec

/// A client's bytes, and what is to be heard of them; named after what they show.
struct Play: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let heard: [Heard]
    var limit = 0

    init(_ name: String, _ bytes: [UInt8]..., heard: [Heard], limit: Int = 0) {
        self.name = name
        self.bytes = Array(bytes.joined())
        self.heard = heard
        self.limit = limit
    }

    var testDescription: String { name }
}

private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) } }
private func letters(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(97 + $0 % 26) } }

@Suite struct MessageReaderTests {
    static let lengths: [Play] = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537].flatMap { count in
        [
            Play("text of \(count)", frame(1, letters(count)), heard: [.text(letters(count))]),
            Play("binary of \(count)", frame(2, bytes(count)), heard: [.binary(bytes(count))]),
        ]
    }

    static let controls: [Play] = [
        Play("ping without payload", ping(), heard: [.ping([])]),
        Play("ping of bytes that are no text", ping([0, 0xFF, 0xFE]), heard: [.ping([0, 0xFF, 0xFE])]),
        Play("ping of 125", ping(bytes(125)), heard: [.ping(bytes(125))]),
        Play("ping of 126", frame(9, bytes(126)), heard: [.broken(.longControl)]),
        Play("pong of 126", frame(10, bytes(126)), heard: [.broken(.longControl)]),
        Play("close of 126", frame(8, bytes(126)), heard: [.broken(.longControl)]),
        Play("ping of 65536", frame(9, bytes(65_536)), heard: [.broken(.longControl)]),
        Play("pong nobody asked for", pong([1]), heard: [.pong([1])]),
        Play("ten pings", Array((0..<10).map { ping([$0]) }.joined()), heard: (0..<10).map { .ping([$0]) }),
        Play("ping in pieces", frame(9, [1], fin: false), heard: [.broken(.fragmentedControl)]),
        Play("pong in pieces", frame(10, [1], fin: false), heard: [.broken(.fragmentedControl)]),
        Play("close in pieces", frame(8, [3, 232], fin: false), heard: [.broken(.fragmentedControl)]),
    ]

    static let bits: [Play] =
        (1...7).map { rsv in
            Play("text with reserved bits \(rsv)", frame(1, [97], rsv: rsv), heard: [.broken(.reservedBit)])
        } + [
            Play("ping with a reserved bit", frame(9, rsv: 4), heard: [.broken(.reservedBit)]),
            Play("a good one first", text("a"), frame(1, [97], rsv: 4), heard: [.text("a"), .broken(.reservedBit)]),
            Play("a continuation with one", text("a", fin: false), frame(0, rsv: 4), heard: [.broken(.reservedBit)]),
        ]
        + [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map { opcode in
            Play("opcode \(opcode)", frame(opcode, [1]), heard: [.broken(.reservedOpcode)])
        } + [
            Play("text without a mask", frame(1, [97], mask: nil), heard: [.broken(.unmasked)]),
            Play("ping without a mask", frame(9, mask: nil), heard: [.broken(.unmasked)]),
            Play("close without a mask", frame(8, mask: nil), heard: [.broken(.unmasked)]),
            Play("a mask of zeros", frame(1, [97], mask: [0, 0, 0, 0]), heard: [.text("a")]),
        ]

    static let sizes: [Play] = [
        Play("5 in two bytes", frame(1, letters(5), lengthBytes: 2), heard: [.broken(.badLength)]),
        Play("125 in two bytes", frame(1, letters(125), lengthBytes: 2), heard: [.broken(.badLength)]),
        Play("126 in eight bytes", frame(1, letters(126), lengthBytes: 8), heard: [.broken(.badLength)]),
        Play("65535 in eight bytes", frame(1, letters(65_535), lengthBytes: 8), heard: [.broken(.badLength)]),
        Play("a ping's length in two bytes", frame(9, letters(5), lengthBytes: 2), heard: [.broken(.longControl)]),
        Play("the highest bit", [0x82, 0xFF, 0x80], heard: [.broken(.badLength)]),
        Play("the greatest length", [0x82, 0xFF, 0x7F] + Array(repeating: 0xFF, count: 11), heard: []),
        Play(
            "the greatest length, limited",
            [0x82, 0xFF, 0x7F] + Array(repeating: 0xFF, count: 11),
            heard: [.broken(.tooLarge)],
            limit: 1 << 20
        ),
        Play("as large as may be", frame(2, bytes(1000)), heard: [.binary(bytes(1000))], limit: 1000),
        Play("one more", frame(2, bytes(1001)), heard: [.broken(.tooLarge)], limit: 1000),
        Play("said, not sent", [0x82, 0xFE, 0x03, 0xE9, 0, 0, 0, 0], heard: [.broken(.tooLarge)], limit: 1000),
        Play(
            "as large as may be, in pieces",
            binary(bytes(600), fin: false),
            more(bytes(400)),
            heard: [.binary(bytes(600) + bytes(400))],
            limit: 1000
        ),
        Play(
            "one more in pieces",
            binary(bytes(600), fin: false),
            more(bytes(401)),
            heard: [.broken(.tooLarge)],
            limit: 1000
        ),
        Play(
            "the next message counts anew",
            binary(bytes(600)),
            binary(bytes(600)),
            heard: [.binary(bytes(600)), .binary(bytes(600))],
            limit: 1000
        ),
    ]

    static let fragments: [Play] = [
        Play("two pieces", text("ab", fin: false), more(Array("cd".utf8)), heard: [.text("abcd")]),
        Play("an empty first piece", text("", fin: false), more(Array("cd".utf8)), heard: [.text("cd")]),
        Play("an empty last piece", text("ab", fin: false), more([]), heard: [.text("ab")]),
        Play("three empty pieces", text("", fin: false), more([], fin: false), more([]), heard: [.text("")]),
        Play(
            "pieces of bytes",
            binary([1], fin: false),
            more([2], fin: false),
            more([3]),
            heard: [.binary([1, 2, 3])]
        ),
        Play(
            "a hundred pieces",
            [text("", fin: false)].joined() + (0..<99).flatMap { _ in more([97], fin: false) } + more([97]),
            heard: [.text(Array(repeating: 97, count: 100))]
        ),
        Play(
            "a ping between pieces",
            text("ab", fin: false),
            ping([7]),
            more(Array("cd".utf8)),
            heard: [.ping([7]), .text("abcd")]
        ),
        Play(
            "pings and pongs between pieces",
            binary([1], fin: false),
            ping([7]),
            pong([8]),
            more([2], fin: false),
            ping([9]),
            more([3]),
            heard: [.ping([7]), .pong([8]), .ping([9]), .binary([1, 2, 3])]
        ),
        Play("a continuation of nothing", more([1]), heard: [.broken(.strayContinuation)]),
        Play("one that goes on", more([1], fin: false), heard: [.broken(.strayContinuation)]),
        Play("one after a message", text("a"), more([1]), heard: [.text("a"), .broken(.strayContinuation)]),
        Play("text in text", text("a", fin: false), text("b"), heard: [.broken(.interruptedMessage)]),
        Play("bytes in text", text("a", fin: false), binary([1]), heard: [.broken(.interruptedMessage)]),
        Play("text in bytes", binary([1], fin: false), text("a", fin: false), heard: [.broken(.interruptedMessage)]),
        Play("a close between pieces", text("a", fin: false), close(1000), heard: [.close(.normal, [])]),
    ]

    static let closes: [Play] =
        [
            Play("no code", frame(8), heard: [.close(.noneReceived, [])]),
            Play("half a code", frame(8, [3]), heard: [.broken(.badCloseFrame)]),
            Play("a reason", close(1000, Array("bye".utf8)), heard: [.close(.normal, Array("bye".utf8))]),
            Play("the longest reason", close(1000, letters(123)), heard: [.close(.normal, letters(123))]),
            Play("a reason that is no text", close(1000, [0xCE, 0xBA, 0xE1, 0xBD]), heard: [.broken(.badText)]),
            Play("a reason with a surrogate", close(1000, [0xED, 0xA0, 0x80]), heard: [.broken(.badText)]),
            Play("a ping after it", close(1000), ping([1]), heard: [.close(.normal, [])]),
            Play("a message after it", close(1000), text("a"), heard: [.close(.normal, [])]),
            Play("another after it", close(1000), close(1001), heard: [.close(.normal, [])]),
            Play("nonsense after it", close(1000), [0xFF, 0, 1], heard: [.close(.normal, [])]),
        ]
        + [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map {
            Play("code \($0)", close($0), heard: [.close(CloseCode(rawValue: $0), [])])
        }
        + [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map {
            Play("code \($0) may not be sent", close($0), heard: [.broken(.badCloseCode)])
        }

    static let all = lengths + controls + bits + sizes + fragments + closes

    @Test(arguments: all)
    func `what a client sends is heard as it is meant`(_ play: Play) {
        #expect(hear(play.bytes, limit: play.limit) == play.heard)
    }

    @Test(arguments: all)
    func `it makes no difference how the bytes are cut`(_ play: Play) {
        guard play.bytes.count < 2000 else { return }
        for piece in [1, 2, 3, 7, 64] {
            #expect(hear(play.bytes, piece: piece, room: 5, limit: play.limit) == play.heard, "pieces of \(piece)")
        }
    }

    @Test func `a hundred cases at least`() {
        #expect(Self.all.count >= 100)
    }

    @Test func `a violation stays`() {
        var reader = MessageReader(limit: 0)
        let good = text("a")
        for bytes in [[0x83, 0x80], good, good] {
            #expect(throws: WebSocketViolation.reservedOpcode) {
                try bytes.withUnsafeBytes { input in
                    try withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) {
                        _ = try reader.read(input, into: UnsafeMutableRawBufferPointer($0))
                    }
                }
            }
        }
    }

    @Test func `of a message under way at most a head is left over`() {
        var reader = MessageReader(limit: 0)
        let bytes = Array(frame(2, bytes(70_000)).prefix(50_000))
        var output = [UInt8](repeating: 0, count: 64 << 10)
        let step = bytes.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { try? reader.read(input, into: $0) }
        }
        #expect(step?.consumed == 50_000 && step?.produced == 49_986 && step?.event == .needsInput)
    }
}
