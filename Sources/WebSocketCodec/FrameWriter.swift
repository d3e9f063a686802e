/// Writes a server's frames, which have no mask (RFC 6455 section 5.1).
public enum FrameWriter {
    /// Bytes of the longest head.
    public static let greatestHead = 10

    /// Writes the head of a frame.
    ///
    /// - Parameters:
    ///   - opcode: What it is.
    ///   - isFinal: Whether the message ends with it.
    ///   - isCompressed: Whether the message is compressed; said in its first frame.
    ///   - count: Bytes of payload, not negative.
    ///   - target: Room for ``greatestHead`` bytes.
    /// - Returns: The bytes written.
    public static func writeHead(
        _ opcode: Opcode,
        isFinal: Bool = true,
        isCompressed: Bool = false,
        count: Int,
        to target: UnsafeMutableRawPointer
    ) -> Int {
        let first = opcode.rawValue | (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0)
        target.storeBytes(of: first, as: UInt8.self)
        switch count {
        case ..<126:
            target.storeBytes(of: UInt8(truncatingIfNeeded: count), toByteOffset: 1, as: UInt8.self)
            return 2
        case ...0xFFFF:
            target.storeBytes(of: 126, toByteOffset: 1, as: UInt8.self)
            target.storeBytes(of: UInt16(truncatingIfNeeded: count).bigEndian, toByteOffset: 2, as: UInt16.self)
            return 4
        default:
            target.storeBytes(of: 127, toByteOffset: 1, as: UInt8.self)
            target.storeBytes(of: UInt64(count).bigEndian, toByteOffset: 2, as: UInt64.self)
            return 10
        }
    }

    /// A whole control frame; of its payload what fits, which is 125 bytes.
    public static func control(_ opcode: Opcode, _ payload: [UInt8] = []) -> [UInt8] {
        let payload = payload.prefix(125)
        return [opcode.rawValue | 0x80, UInt8(payload.count)] + payload
    }
}
