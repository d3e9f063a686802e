import Testing
import WebSocketCodec

/// Text, whether it is UTF-8, and after how many bytes it can be told that it is not.
struct Sample: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    /// Bytes until it is refused; nil when it is not.
    let refusedAfter: Int?
    var isComplete = true

    init(_ name: String, _ bytes: [UInt8], refusedAfter: Int? = nil, isComplete: Bool = true) {
        self.name = name
        self.bytes = bytes
        self.refusedAfter = refusedAfter
        self.isComplete = isComplete
    }

    var testDescription: String { name }
}

@Suite struct UTF8Tests {
    static let samples: [Sample] = [
        Sample("nothing", []),
        Sample("ASCII", Array("Hello, world! This is longer than thirty-two bytes.".utf8)),
        Sample("Greek", Array("κόσμε".utf8)),
        Sample("Korean", Array("안녕하세요, 세계".utf8)),
        Sample("astral", Array("🐓 in the 🏠".utf8)),
        Sample("NUL", [0]),
        Sample("U+007F", [0x7F]),
        Sample("U+0080", [0xC2, 0x80]),
        Sample("U+07FF", [0xDF, 0xBF]),
        Sample("U+0800", [0xE0, 0xA0, 0x80]),
        Sample("U+D7FF", [0xED, 0x9F, 0xBF]),
        Sample("U+E000", [0xEE, 0x80, 0x80]),
        Sample("U+FFFE", [0xEF, 0xBF, 0xBE]),
        Sample("U+FFFF", [0xEF, 0xBF, 0xBF]),
        Sample("U+10000", [0xF0, 0x90, 0x80, 0x80]),
        Sample("U+10FFFF", [0xF4, 0x8F, 0xBF, 0xBF]),
        Sample("U+110000", [0xF4, 0x90, 0x80, 0x80], refusedAfter: 2),
        Sample("above", [0xF5, 0x80, 0x80, 0x80], refusedAfter: 1),
        Sample("five bytes", [0xF8, 0x88, 0x80, 0x80, 0x80], refusedAfter: 1),
        Sample("six bytes", [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80], refusedAfter: 1),
        Sample("a lone continuation", [0x80], refusedAfter: 1),
        Sample("the last of them", [0xBF], refusedAfter: 1),
        Sample("FE", [0xFE], refusedAfter: 1),
        Sample("FF", [0xFF], refusedAfter: 1),
        Sample("overlong slash in two", [0xC0, 0xAF], refusedAfter: 1),
        Sample("overlong U+007F", [0xC1, 0xBF], refusedAfter: 1),
        Sample("overlong slash in three", [0xE0, 0x80, 0xAF], refusedAfter: 2),
        Sample("overlong U+07FF", [0xE0, 0x9F, 0xBF], refusedAfter: 2),
        Sample("overlong slash in four", [0xF0, 0x80, 0x80, 0xAF], refusedAfter: 2),
        Sample("overlong U+FFFF", [0xF0, 0x8F, 0xBF, 0xBF], refusedAfter: 2),
        Sample("the first surrogate", [0xED, 0xA0, 0x80], refusedAfter: 2),
        Sample("the last surrogate", [0xED, 0xBF, 0xBF], refusedAfter: 2),
        Sample("a pair of surrogates", [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], refusedAfter: 2),
        Sample("half of two", [0xC3], isComplete: false),
        Sample("a third of three", [0xE1], isComplete: false),
        Sample("two thirds of three", [0xE1, 0xBD], isComplete: false),
        Sample("three quarters of four", [0xF0, 0x9F, 0x90], isComplete: false),
        Sample("ASCII where more is due", [0xE1, 0xBD, 0x41], refusedAfter: 3),
        Sample("a start where more is due", [0xE1, 0xE1], refusedAfter: 2),
        Sample("wrong behind forty letters", Array(repeating: 97, count: 40) + [0xFF, 97], refusedAfter: 41),
    ]

    @Test(arguments: samples)
    func `text is told from what is none, with the first byte that shows it`(_ sample: Sample) {
        var validator = UTF8Validator()
        var refusedAfter: Int?
        for (index, byte) in sample.bytes.enumerated() where refusedAfter == nil {
            let isAccepted = withUnsafeBytes(of: byte) { validator.accepts($0) }
            if !isAccepted { refusedAfter = index + 1 }
        }
        #expect(refusedAfter == sample.refusedAfter)
        if refusedAfter == nil { #expect(validator.isComplete == sample.isComplete) }
    }

    @Test(arguments: samples)
    func `at once is no different from byte by byte`(_ sample: Sample) {
        var validator = UTF8Validator()
        let isAccepted = sample.bytes.withUnsafeBytes { validator.accepts($0) }
        #expect(isAccepted == (sample.refusedAfter == nil))
        if isAccepted { #expect(validator.isComplete == sample.isComplete) }
    }

    @Test func `every scalar is text, and Swift agrees on every pair of bytes behind a letter`() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                var validator = UTF8Validator()
                let bytes = [97, first, second]
                let isAccepted = bytes.withUnsafeBytes { validator.accepts($0) }
                let isText = isAccepted && validator.isComplete
                #expect(isText == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
            }
        }
    }

    @Test func `a message in pieces may be cut within a character`() {
        let snowman: [UInt8] = [0xE2, 0x98, 0x83]
        #expect(hear(frame(1, [snowman[0]], fin: false) + more(Array(snowman[1...]))) == [.text(snowman)])
        #expect(hear(frame(1, [snowman[0]], fin: false) + more([])) == [.broken(.badText)])
        #expect(hear(frame(1, [snowman[0]])) == [.broken(.badText)])
        #expect(hear(frame(2, [snowman[0]])) == [.binary([snowman[0]])])
    }

    @Test func `bad text is refused before its message is complete`() {
        let start = Array("κόσμε".utf8)
        let bad = frame(1, start, fin: false) + frame(0, [0xF4, 0x90], fin: false)
        #expect(hear(bad) == [.broken(.badText)])
        let cut = Array(frame(1, start + [0xF4, 0x90] + Array(repeating: 97, count: 100)).dropLast(100))
        #expect(hear(cut) == [.broken(.badText)])
    }

    @Test func `a ping between pieces does not disturb the text`() {
        let rooster = Array("🐓".utf8)
        let play = frame(1, Array(rooster[..<2]), fin: false) + ping([0xFF]) + more(Array(rooster[2...]))
        #expect(hear(play) == [.ping([0xFF]), .text(rooster)])
    }
}
