/// How a client broke the protocol: its WebSocket is closed with ``closeCode``.
public enum WebSocketViolation: String, Error, Sendable, CaseIterable {
    /// A reserved bit is set, and no extension that was agreed on gives it a meaning.
    case reservedBit = "reserved_bit"
    /// An opcode that nobody has defined.
    case reservedOpcode = "reserved_opcode"
    /// A client's frame without a mask.
    case unmasked
    /// A ping, pong or close in pieces.
    case fragmentedControl = "fragmented_control"
    /// A ping, pong or close with more than 125 bytes.
    case longControl = "long_control"
    /// A length in more bytes than it needs, or with the highest bit set.
    case badLength = "bad_length"
    /// A continuation of nothing.
    case strayContinuation = "stray_continuation"
    /// A new message before the one under way has ended.
    case interruptedMessage = "interrupted_message"
    /// A close frame with half a code.
    case badCloseFrame = "bad_close_frame"
    /// A close code that may not be sent.
    case badCloseCode = "bad_close_code"
    /// Text that is not UTF-8.
    case badText = "bad_text"
    /// A message that is larger than is allowed.
    case tooLarge = "too_large"
    /// Compressed data that can't be decompressed.
    case badCompression = "bad_compression"
    /// A message for which there is no room: too much is under way on all WebSockets.
    case noRoom = "no_room"
    /// A message that takes too long to come.
    case tooSlow = "too_slow"

    /// The code that the client is told.
    public var closeCode: CloseCode {
        switch self {
        // Both are bytes that say nothing (RFC 6455 section 7.4.1); RFC 7692 names no code.
        case .badText, .badCompression: .badText
        case .tooLarge, .noRoom: .tooLarge
        case .tooSlow: .policy
        case .reservedBit, .reservedOpcode, .unmasked, .fragmentedControl, .longControl, .badLength,
            .strayContinuation, .interruptedMessage, .badCloseFrame, .badCloseCode:
            .protocolError
        }
    }

    /// The reason that the client is told; it never repeats what the client sent.
    public var message: String {
        switch self {
        case .reservedBit: "a reserved bit is set"
        case .reservedOpcode: "an unknown opcode"
        case .unmasked: "a frame without a mask"
        case .fragmentedControl: "a control frame in pieces"
        case .longControl: "a control frame longer than 125 bytes"
        case .badLength: "a length that is not minimal"
        case .strayContinuation: "a continuation without a message"
        case .interruptedMessage: "a new message inside another"
        case .badCloseFrame: "a close frame of one byte"
        case .badCloseCode: "a close code that may not be sent"
        case .badText: "text that is not UTF-8"
        case .tooLarge: "the message is too large"
        case .badCompression: "compressed data is damaged"
        case .noRoom: "too much of unfinished messages, and this one is the largest"
        case .tooSlow: "the message takes too long"
        }
    }
}
