/// The payload of a ``FrameKind/close`` or ``FrameKind/appClose`` frame: `code u16 · reason`, the reason in UTF-8.
public struct CloseEnvelope: Sendable, Equatable {
    /// The longest reason: what a WebSocket's close frame can carry (RFC 6455 section 5.5).
    public static let greatestReason = 123

    /// The status code (RFC 6455 section 7.4); 1005 for none, 1006 when the connection was lost.
    public var code: UInt16
    /// Why, at most ``greatestReason`` bytes.
    public var reason: [UInt8]

    /// Creates the payload's value; a longer reason is cut.
    public init(code: UInt16, reason: [UInt8] = []) {
        self.code = code
        self.reason = Array(reason.prefix(Self.greatestReason))
    }

    /// Reads the payload, which is copied.
    ///
    /// - Throws: ``LinkViolation/malformedPayload`` when it is too short or too long.
    public init(_ payload: UnsafeRawBufferPointer) throws(LinkViolation) {
        guard payload.count >= 2, payload.count <= 2 + Self.greatestReason else { throw .malformedPayload }
        code = payload.loadUnaligned(as: UInt16.self)
        reason = Array(payload.dropFirst(2))
    }

    /// Bytes of the payload.
    public var byteCount: Int { 2 + reason.count }

    /// Writes the payload, ``byteCount`` bytes.
    public func store(to place: UnsafeMutableRawBufferPointer) {
        guard place.count >= byteCount else { return }
        place.storeBytes(of: code, as: UInt16.self)
        UnsafeMutableRawBufferPointer(rebasing: place[2...]).copyBytes(from: reason)
    }
}
