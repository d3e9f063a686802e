/// What one side may send on a stream before the other has taken what was sent.
///
/// For streams in an event loop's lane, which all share one ring: none of them may fill it. Counted are the footprints of
/// frames that carry a body or messages (``FrameHeader/footprint(_:)``), so that many small ones count too. A frame
/// may be sent as long as the window is open at all; so it can be overdrawn by one frame.
public struct SendWindow: Sendable, Equatable {
    /// Bytes that may be under way on a new stream.
    public static let initial = 256 << 10
    /// Bytes that may be under way on a stream whose receiver keeps up.
    public static let greatest = 1 << 20

    /// What may still be sent; negative when it is overdrawn.
    public private(set) var available = SendWindow.initial

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
        available = min(available + min(max(count, 0), 2 * Self.greatest), Self.greatest)
    }
}

/// What came on a stream and what of it was taken: the other end of a ``SendWindow``.
///
/// The window is small while the receiver is behind, for what is under way is memory; when all that came is taken it
/// grows, for each time that it closes the sender has to be woken.
public struct ReceiveWindow: Sendable, Equatable {
    /// How far it may grow.
    private var limit: Int
    /// Bytes that the sender was given to have under way.
    private var size = SendWindow.initial
    /// Bytes that came and were not granted again.
    private var outstanding = 0
    /// Bytes that were taken and not granted yet.
    private var taken = 0

    /// Creates the window of a new stream.
    ///
    /// - Parameter limit: How far it may grow; at least as it begins, ``SendWindow/initial``.
    public init(limit: Int = SendWindow.greatest) {
        self.limit = min(max(limit, SendWindow.initial), SendWindow.greatest)
    }

    /// Lets it grow as far as any.
    public mutating func letGrow() {
        limit = SendWindow.greatest
    }

    /// A frame with so many payload bytes has come.
    ///
    /// - Throws: ``LinkViolation/creditExceeded`` when the sender had no credit for it.
    public mutating func received(_ payload: Int) throws(LinkViolation) {
        guard outstanding < size else { throw .creditExceeded }
        outstanding += FrameHeader.footprint(payload)
    }

    /// So many bytes, of footprints, were taken: written to the client, or given to the app.
    ///
    /// - Returns: What to grant the sender now; nil while it is not worth a frame.
    public mutating func took(_ count: Int) -> Int? {
        taken = min(taken + max(count, 0), outstanding)
        guard taken >= SendWindow.initial / 4 else { return nil }
        var grant = taken
        outstanding -= taken
        taken = 0
        if outstanding == 0 {
            let growth = min(size, limit - size)
            size += growth
            grant += growth
        } else {
            let excess = min(size - SendWindow.initial, grant)
            size -= excess
            grant -= excess
        }
        return grant > 0 ? grant : nil
    }

    /// All that has come was taken, but for `rest` bytes.
    ///
    /// - Returns: See ``took(_:)``.
    public mutating func took(allBut rest: Int) -> Int? {
        took(outstanding - taken - max(rest, 0))
    }
}
