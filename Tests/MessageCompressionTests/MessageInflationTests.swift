import MessageCompression
import Testing
import WebSocketCodec

/// "Hello" in the ways of RFC 7692 section 7.2.3, and a few others that occur.
private let hellos: [(name: String, bytes: [UInt8])] = [
    ("one block", [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]),
    ("a stored block", [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00]),
    ("a last block", [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]),
    ("a last block, without what follows it", [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]),
    ("two blocks", [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00]),
    ("one block, its end not left away", [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00, 0x00, 0xFF, 0xFF]),
    (
        "a last block before another",
        [0xF3, 0x48, 0x05, 0x00] + [0x00, 0x03, 0x00, 0xFC, 0xFF, 0x6C, 0x6C, 0x6F, 0x00]
    ),
]

@Suite struct MessageInflationTests {
    @Test(arguments: hellos.indices)
    func `what the RFC shows is read, wherever it is cut`(_ index: Int) throws {
        for piece in [1, 2, 3, 5, 100] {
            for room in [1, 2, 4, 5, 6, 100] {
                let message = try? said(hellos[index].bytes, isText: true, piece: piece, room: room)
                #expect(message == Array("Hello".utf8), "\(hellos[index].name), \(piece), \(room)")
            }
        }
    }

    @Test(arguments: [[], [0x00], [0x02, 0x00], [0x03, 0x00], [0x03, 0x00, 0x00], [0x00, 0x00, 0x00, 0xFF, 0xFF]])
    func `a message may be empty`(_ bytes: [UInt8]) throws {
        #expect(try said(bytes, isText: true) == [])
        #expect(try said(bytes, isText: true, room: 1) == [])
    }

    @Test(arguments: [
        0, 1, 2, 8, 127, 128, 1000, 4096, 8192, 16_384, 32_768, 65_535, 65_536, 65_537, 131_072, 300_000,
    ])
    func `what is compressed here is read here`(_ count: Int) throws {
        for message in [json(count), noise(count), [UInt8](repeating: 7, count: count)] {
            for bits in 8...15 {
                let bytes = try compressed(message, windowBits: bits)
                #expect(try said(bytes) == message)
            }
            #expect(try said(try compressed(message, piece: 1000), piece: 999, room: 777) == message)
        }
    }

    @Test func `text is made smaller, and what can't be grows by a few bytes`() throws {
        #expect(try compressed(json(65_536)).count < 65_536 / 2)
        #expect(try compressed(noise(65_536)).count < 65_536 + 64)
        #expect(try compressed([]) == [0x00])
    }

    @Test(arguments: 8...15)
    func `a client with a small window can read it`(_ bits: Int) throws {
        // Repeats at every distance that a window may have, and more.
        let parts = (1...40).flatMap { noise($0 * 97).prefix(60) + noise(60) + json(300) }
        for message in [json(40_000), parts + parts, [UInt8](repeating: 1, count: 1000)] {
            let bytes = try compressed(message, windowBits: bits)
            // With one byte of output at a time all references go to the window.
            #expect(try said(bytes, room: 1, by: Inflater(windowBits: bits)) == message)
        }
        guard bits < 15 else { return }
        #expect(throws: WebSocketViolation.badCompression) {
            try said(try compressed(noise(20_000) + noise(20_000)), room: 1, by: Inflater(windowBits: bits))
        }
    }

    @Test func `an inflater remembers nothing of a message that was given up`() throws {
        let inflater = try #require(Inflater())
        let bytes = try compressed(json(1000))
        for end in stride(from: 1, to: bytes.count, by: 7) {
            _ = try? said(Array(bytes[..<end]), by: inflater)
            #expect(try said(bytes, by: inflater) == json(1000))
        }
    }

    @Test func `a message that is cut is damaged`() throws {
        let bytes = try compressed(json(3000))
        for end in stride(from: 1, to: bytes.count - 1, by: 61) {
            #expect(throws: WebSocketViolation.badCompression) { try said(Array(bytes[..<end])) }
        }
    }

    @Test(
        arguments: [
            [0xFF], [0x07, 0x00], [0x06, 0xFF, 0xFF], [0x00, 0x01, 0x00, 0x00, 0x00, 0x41],
            // A reference to what was never there.
            [0x02, 0x02, 0x00],
            // "not compressed"
            Array("not compressed".utf8),
        ] as [[UInt8]]
    )
    func `what is no DEFLATE data is a violation`(_ bytes: [UInt8]) {
        #expect(throws: WebSocketViolation.badCompression) { try said(bytes) }
        #expect(throws: WebSocketViolation.badCompression) { try said(bytes, piece: 1, room: 1) }
    }

    @Test(arguments: [1, 999, 1000, 65_535, 65_536, 65_537, 200_000])
    func `the limit is what a message says`(_ limit: Int) throws {
        let bytes = try compressed([UInt8](repeating: 97, count: limit))
        let more = try compressed([UInt8](repeating: 97, count: limit + 1))
        for room in [100, 65_536] {
            #expect(try said(bytes, limit: limit, room: room).count == limit)
            // `said` sees to it that no more came before.
            #expect(throws: WebSocketViolation.tooLarge) { try said(more, limit: limit, room: room) }
        }
    }

    @Test func `of a bomb the beginning is seen only`() throws {
        let bomb = try compressed([UInt8](repeating: 0, count: 50_000_000), piece: 50_000_000)
        #expect(bomb.count < 300_000)
        #expect(throws: WebSocketViolation.tooLarge) { try said(bomb, limit: 1_000_000) }
    }

    @Test func `text is checked when it is decompressed`() throws {
        let message = Array("안녕하세요, 🐓 κόσμε".utf8)
        #expect(try said(try compressed(message), isText: true, piece: 1, room: 1) == message)
        #expect(throws: WebSocketViolation.badText) { try said(try compressed([0x61, 0xFF]), isText: true) }
        #expect(throws: WebSocketViolation.badText) {
            try said(try compressed(Array(message.dropLast())), isText: true)
        }
        #expect(throws: WebSocketViolation.badText) {
            try said(try compressed(json(100_000) + [0xED, 0xA0, 0x80]), isText: true)
        }
        #expect(try said(try compressed([0x61, 0xFF])) == [0x61, 0xFF])
    }

    @Test func `states are shared`() throws {
        let states = CompressionStates()
        #expect(states.deflater(windowBits: 15) === states.deflater(windowBits: 15))
        #expect(states.deflater(windowBits: 15) !== states.deflater(windowBits: 10))
        let first = try #require(states.takeInflater())
        let second = try #require(states.takeInflater())
        #expect(first !== second)
        states.giveBack(first)
        #expect(states.takeInflater() === first)
    }
}
