import MessageCompression
import Testing
import WebSocketCodec

/// JSON as dashboards send it: of `count` bytes, always the same.
func json(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var seed: UInt64 = 7
    while bytes.count < count {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes += Array("{\"x\": \(seed >> 40), \"y\": \(seed >> 52), \"name\": \"서울 \(seed >> 60)\"}, ".utf8)
    }
    return Array(bytes.prefix(count))
}

/// Bytes that nothing makes smaller.
func noise(_ count: Int) -> [UInt8] {
    var seed: UInt64 = 42
    return (0..<count).map { _ in
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: seed >> 56)
    }
}

/// The message in pieces of `piece` bytes, compressed.
func compressed(_ message: [UInt8], piece: Int = 65_536, windowBits: Int = 15) throws -> [UInt8] {
    let deflater = try #require(Deflater(windowBits: windowBits))
    var bytes: [UInt8] = []
    var rest = message[...]
    repeat {
        let next = rest.prefix(piece)
        rest = rest.dropFirst(piece)
        next.withUnsafeBytes { bytes += deflater.deflate($0, endsMessage: rest.isEmpty) }
    } while !rest.isEmpty
    return bytes
}

/// What a message says whose bytes come in pieces of `piece`, into an output of `room` bytes at a time.
func said(
    _ bytes: [UInt8],
    isText: Bool = false,
    limit: Int = 0,
    piece: Int = .max,
    room: Int = 65_536,
    by inflater: Inflater? = Inflater()
) throws -> [UInt8] {
    var inflation = MessageInflation(try #require(inflater), isText: isText, limit: limit)
    var output = [UInt8](repeating: 0, count: room)
    var message: [UInt8] = []
    var rest = bytes[...]
    var next: ArraySlice<UInt8> = []
    while true {
        next += rest.prefix(piece)
        rest = rest.dropFirst(piece)
        let step = try next.withUnsafeBytes { input in
            try output.withUnsafeMutableBytes { try inflation.read(input, isLast: rest.isEmpty, into: $0) }
        }
        next = next.dropFirst(step.consumed)
        message += output[..<step.produced]
        #expect(limit == 0 || message.count <= limit)
        switch step.event {
        case .message:
            #expect(next.isEmpty && rest.isEmpty)
            return message
        case .needsInput:
            try #require(next.isEmpty && !rest.isEmpty, "it asks for more than there is")
        case .outputIsFull:
            #expect(step.produced == room)
        }
    }
}
