/// The name of a stream in an event loop's lane: one request, or one WebSocket, of the many that are there at once.
///
/// ```
///  63                    20 19       0
///  ├ number, never again ───┼ index ──┤
/// ```
///
/// The index says where the front keeps what it knows of the stream, so that a frame finds it without a search: bit 19
/// is set for WebSockets, which are counted apart from requests.
public struct StreamID: Sendable, Hashable {
    /// The greatest index.
    public static let greatestIndex = 1 << 19 - 1
    private static let socketBit: UInt64 = 1 << 19

    /// As it stands in a frame.
    public let raw: UInt64

    /// Reads it from a frame.
    public init(raw: UInt64) {
        self.raw = raw
    }

    /// Creates the name of the stream at `index`, at most ``greatestIndex``.
    public init(number: UInt64, index: Int, isSocket: Bool) {
        raw = number << 20 | (isSocket ? Self.socketBit : 0) | UInt64(min(max(index, 0), Self.greatestIndex))
    }

    /// Where it is kept.
    public var index: Int { Int(raw & (Self.socketBit - 1)) }
    /// Whether it is a WebSocket's.
    public var isSocket: Bool { raw & Self.socketBit != 0 }
}
