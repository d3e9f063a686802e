/// What a frame is (RFC 6455 section 5.2).
public enum Opcode: UInt8, Sendable {
    /// More of the message under way.
    case continuation = 0
    /// The first frame of a message in UTF-8.
    case text = 1
    /// The first frame of a message of bytes.
    case binary = 2
    /// The last frame of its sender.
    case close = 8
    /// Wants a pong with the same payload.
    case ping = 9
    /// The answer to a ping, or to none.
    case pong = 10

    /// Whether it may come between the frames of a message.
    public var isControl: Bool { rawValue >= 8 }
}

/// The head of a client's frame.
///
/// ```
///  byte 0            byte 1            then                    then
///  fin rsv1-3 opcode mask length(7)    length(16 or 64) if     masking key(32)
///   1   3      4      1    7           length is 126 or 127
/// ```
struct FrameHead: Equatable {
    /// Bytes of the longest head: two, eight of length, four of mask.
    static let greatestByteCount = 14

    var opcode: Opcode
    /// Whether the message ends with this frame.
    var isFinal: Bool
    /// The first reserved bit: of a message's first frame, that it is compressed (RFC 7692).
    var isCompressed: Bool
    /// Bytes of the payload.
    var count: Int
    var mask: MaskingKey
    /// Bytes of the head itself.
    var byteCount: Int

    /// Reads a head at the start of `bytes`.
    ///
    /// What is wrong is found with the first byte that shows it.
    ///
    /// - Parameters:
    ///   - bytes: The connection's next bytes.
    ///   - allowsCompression: Whether RFC 7692 was agreed on.
    /// - Returns: nil as long as it is not whole.
    /// - Throws: A violation.
    static func parse(
        _ bytes: UnsafeRawBufferPointer,
        allowsCompression: Bool
    ) throws(WebSocketViolation) -> FrameHead? {
        guard let first = bytes.first else { return nil }
        guard first & 0x30 == 0, first & 0x40 == 0 || allowsCompression else { throw .reservedBit }
        guard let opcode = Opcode(rawValue: first & 0x0F) else { throw .reservedOpcode }
        let isFinal = first & 0x80 != 0
        let isCompressed = first & 0x40 != 0
        guard !isCompressed || opcode == .text || opcode == .binary else { throw .reservedBit }
        if opcode.isControl, !isFinal { throw .fragmentedControl }
        guard bytes.count >= 2 else { return nil }
        guard bytes[1] & 0x80 != 0 else { throw .unmasked }
        let short = Int(bytes[1] & 0x7F)
        if opcode.isControl, short > 125 { throw .longControl }
        if opcode == .close, short == 1 { throw .badCloseFrame }
        var cursor = 2
        var count = short
        switch short {
        case 126:
            guard bytes.count >= 4 else { return nil }
            count = Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            guard count >= 126 else { throw .badLength }
            cursor = 4
        case 127:
            if bytes.count > 2, bytes[2] & 0x80 != 0 { throw .badLength }
            guard bytes.count >= 10 else { return nil }
            let long = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            guard let value = Int(exactly: long), value > Int(UInt16.max) else { throw .badLength }
            count = value
            cursor = 10
        default:
            break
        }
        guard bytes.count >= cursor + 4 else { return nil }
        let mask = MaskingKey(bytes.loadUnaligned(fromByteOffset: cursor, as: UInt32.self))
        return FrameHead(
            opcode: opcode,
            isFinal: isFinal,
            isCompressed: isCompressed,
            count: count,
            mask: mask,
            byteCount: cursor + 4
        )
    }
}
