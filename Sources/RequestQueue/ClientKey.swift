/// Whom a request is from, as far as the share per client is concerned: an address in 128 bits.
///
/// The owner decides what an address is (for instance the first 64 bits of an IPv6 address, which is what one
/// customer has).
public struct ClientKey: Sendable, Hashable {
    /// The first eight bytes of the address.
    public var high: UInt64
    /// The last eight bytes of the address.
    public var low: UInt64

    /// Creates the key of an address.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An address that stands for many people, a proxy or loopback: no client, and so in nobody's share.
    public static let shared = ClientKey(high: 0, low: 0)
}
