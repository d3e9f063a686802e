/// What one side may send on a stream before the other has taken what was sent.
///
/// For streams in an event loop's lane, which all share one ring: none of them may fill it. Counted are the footprints of
/// frames that carry a body or messages (``FrameHeader/footprint(_:)``), so that many small ones count too. A frame
/// may be sent as long as the window is open at all; so it can be overdrawn by one frame.
public struct SendWindow: Sendable, Equatable {
    /// Bytes that may be under way on a stream.
    public static let byteCount = 256 << 10

    /// What may still be sent; negative when it is overdrawn.
    public private(set) var available = SendWindow.byteCount

    /// Creates the window of a new stream.
    public init() {}

    /// Whether a frame may be sent.
    public var isOpen: Bool { available > 0 }

    /// A frame with so many payload bytes was sent.
    public mutating func sent(_ payload: Int) {
        available -= FrameHeader.footprint(payload)
    }

    /// The other side has taken `count` bytes; what makes no sense changes nothing that matters.
    public mutating func granted(_ count: Int) {
        // A window that was overdrawn by a frame is granted more than it measures, at once.
        available = min(available + min(max(count, 0), 2 * Self.byteCount), Self.byteCount)
    }
}

/// What came on a stream and what of it was taken: the other end of a ``SendWindow``.
public struct ReceiveWindow: Sendable, Equatable {
    /// Bytes that came and were not granted again.
    private var outstanding = 0
    /// Bytes that were taken and not granted yet.
    private var taken = 0

    /// Creates the window of a new stream.
    public init() {}

    /// A frame with so many payload bytes has come.
    ///
    /// - Throws: ``LinkViolation/creditExceeded`` when the sender had no credit for it.
    public mutating func received(_ payload: Int) throws(LinkViolation) {
        guard outstanding < SendWindow.byteCount else { throw .creditExceeded }
        outstanding += FrameHeader.footprint(payload)
    }

    /// So many bytes, of footprints, were taken: written to the client, or given to the app.
    ///
    /// - Returns: What to grant the sender now; nil while it is not worth a frame.
    public mutating func took(_ count: Int) -> Int? {
        taken = min(taken + max(count, 0), outstanding)
        guard taken >= SendWindow.byteCount / 4 else { return nil }
        defer {
            outstanding -= taken
            taken = 0
        }
        return taken
    }

    /// Takes all that has come: nothing of it is held back any more.
    public mutating func tookAll() -> Int? {
        took(outstanding - taken)
    }
}
