internal import Atomics

/// Who has a request frame that lies in a ring: a word in its header that front and worker change by compare-and-swap.
///
/// The front may lay a request ready behind the one that a thread runs, so that a thread whose requests take microseconds
/// need not be woken for each. Until the thread claims it, it is still the front's to take back: because its client has
/// left, because the one before it takes longer than was thought, or because the thread does not get the GIL.
///
/// ```
///   offered ──worker──▶ claimed     runs now or soon
///      └─────front────▶ revoked     the worker passes over it
/// ```
public struct FrameClaim {
    static let offered: UInt16 = 0
    static let claimed: UInt16 = 1
    static let revoked: UInt16 = 2

    private let word: UnsafeAtomic<UInt16>
    private let position: UInt64
    private let head: UnsafeAtomic<UInt64>

    init(header: UnsafeMutableRawPointer, position: UInt64, head: UnsafeAtomic<UInt64>) {
        word = Self.word(of: header)
        self.position = position
        self.head = head
    }

    /// Whether the worker's thread has not come to it: neither claimed it nor passed over it.
    public var isUntaken: Bool {
        head.load(ordering: .acquiring) <= position && word.load(ordering: .acquiring) != Self.claimed
    }

    /// Takes the frame back.
    ///
    /// Called by the front that wrote it, on its event loop.
    ///
    /// - Returns: Whether the worker will pass over it; false when it has it.
    public func revoke() -> Bool {
        // Room that the worker has given back may hold a later frame by now: then it was claimed long ago.
        guard head.load(ordering: .acquiring) <= position else { return false }
        return word.compareExchange(
            expected: Self.offered,
            desired: Self.revoked,
            ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Whether the front has taken the frame at `header` back.
    static func isRevoked(_ header: UnsafeMutableRawPointer) -> Bool {
        word(of: header).load(ordering: .acquiring) == revoked
    }

    /// Claims a frame for the worker's thread that found it.
    ///
    /// - Returns: false when the front has taken it back.
    static func claim(_ header: UnsafeMutableRawPointer) -> Bool {
        let result = word(of: header).compareExchange(
            expected: offered,
            desired: claimed,
            ordering: .acquiringAndReleasing
        )
        return result.exchanged || result.original == claimed
    }

    private static func word(of header: UnsafeMutableRawPointer) -> UnsafeAtomic<UInt16> {
        UnsafeAtomic(at: (header + 6).assumingMemoryBound(to: UnsafeAtomic<UInt16>.Storage.self))
    }
}
