/// The name of one request from its offer until it ended.
///
/// Indices are dense and used again, so an owner can keep what it knows of a request in an array; the generation tells
/// the new request from the old, so a stale ticket is recognised and never traps or touches the wrong request.
public struct RequestTicket: Sendable, Hashable {
    /// The place of the request in dense storage: below the most requests that ever waited and ran at once.
    public let index: Int32
    /// How many requests had this index before, modulo 2^32.
    public let generation: UInt32

    /// Creates the ticket with this index and generation; a made-up one names no request.
    public init(index: Int32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }
}
