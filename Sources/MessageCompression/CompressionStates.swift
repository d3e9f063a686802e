/// The deflaters and inflaters that all WebSockets of an event loop share.
///
/// Confined to that loop. None is made before it is needed.
public final class CompressionStates {
    /// How many inflaters are kept that nobody uses.
    private static let spare = 4

    private var deflaters: [Int: Deflater] = [:]
    private var inflaters: [Inflater] = []

    /// Creates none yet.
    public init() {}

    /// The deflater for a window; nil when there is no memory for one.
    ///
    /// It is nobody's: between two of its calls others may use it.
    public func deflater(windowBits: Int) -> Deflater? {
        if let deflater = deflaters[windowBits] { return deflater }
        let deflater = Deflater(windowBits: windowBits)
        deflaters[windowBits] = deflater
        return deflater
    }

    /// An inflater for one message, to be given back; nil when there is no memory for one.
    public func takeInflater() -> Inflater? {
        inflaters.popLast() ?? Inflater()
    }

    /// Takes an inflater back.
    public func giveBack(_ inflater: Inflater) {
        if inflaters.count < Self.spare { inflaters.append(inflater) }
    }
}

@available(*, unavailable)
extension CompressionStates: Sendable {}
