/// Why a WebSocket ends (RFC 6455 section 7.4), as a number.
public struct CloseCode: Sendable, Hashable, RawRepresentable {
    /// As it stands in a close frame.
    public let rawValue: UInt16

    /// Creates a code; any number is one, see ``maySend`` for which can be sent.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// All was said.
    public static let normal = CloseCode(rawValue: 1000)
    /// The server stops, or the page was left.
    public static let goingAway = CloseCode(rawValue: 1001)
    /// The other side broke the protocol.
    public static let protocolError = CloseCode(rawValue: 1002)
    /// A close frame that names no code; never sent.
    public static let noneReceived = CloseCode(rawValue: 1005)
    /// The connection was lost without a close frame; never sent.
    public static let lost = CloseCode(rawValue: 1006)
    /// Text that is not UTF-8, compressed data that is damaged.
    public static let badText = CloseCode(rawValue: 1007)
    /// What the client does is against the server's rules.
    public static let policy = CloseCode(rawValue: 1008)
    /// A message that is too large.
    public static let tooLarge = CloseCode(rawValue: 1009)
    /// The app failed.
    public static let internalError = CloseCode(rawValue: 1011)
    /// The worker has gone or is being replaced; the client may come back at once.
    public static let restart = CloseCode(rawValue: 1012)
    /// There is no room for it now.
    public static let tryAgainLater = CloseCode(rawValue: 1013)

    /// Whether it may stand in a close frame: the registered codes and those for libraries and applications.
    public var maySend: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    /// The code as a bounded label for metrics: the number up to 1015, and `3xxx`, `4xxx`, `other`.
    public var label: String {
        switch rawValue {
        case 1000...1015: String(rawValue)
        case 3000...3999: "3xxx"
        case 4000...4999: "4xxx"
        default: "other"
        }
    }
}

/// What a close frame says.
public struct CloseMessage: Sendable, Equatable {
    /// The longest reason, in bytes: what a control frame has room for beside the code.
    public static let greatestReason = 123

    /// Why, as a number.
    public var code: CloseCode
    /// Why, in UTF-8, at most ``greatestReason`` bytes.
    public var reason: [UInt8]

    /// Creates a message; a longer reason is cut in front of the character that does not fit.
    public init(_ code: CloseCode, _ reason: [UInt8] = []) {
        self.code = code
        var end = min(reason.count, Self.greatestReason)
        if end < reason.count { while end > 0, reason[end] & 0xC0 == 0x80 { end -= 1 } }
        self.reason = Array(reason[..<end])
    }

    /// Creates a message with a reason of our own.
    public init(_ code: CloseCode, _ reason: String) {
        self.init(code, Array(reason.utf8))
    }

    /// Reads a close frame's payload (RFC 6455 section 5.5.1); an empty one is ``CloseCode/noneReceived``.
    ///
    /// - Throws: A violation when there is half a code, one that may not be sent, or a reason that is not UTF-8.
    public init(payload: [UInt8]) throws(WebSocketViolation) {
        guard !payload.isEmpty else {
            self.init(.noneReceived)
            return
        }
        guard payload.count >= 2 else { throw .badCloseFrame }
        let code = CloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.maySend else { throw .badCloseCode }
        var text = UTF8Validator()
        let reason = Array(payload[2...])
        guard reason.withUnsafeBytes({ text.accepts($0) }), text.isComplete else { throw .badText }
        self.init(code, reason)
    }

    /// The payload of a close frame that says it; empty where the code may not be sent.
    public var payload: [UInt8] {
        guard code.maySend else { return [] }
        return [UInt8(code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)] + reason
    }
}
