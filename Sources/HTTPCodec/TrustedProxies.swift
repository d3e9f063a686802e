/// The peers whose word about their own clients is believed.
///
/// Written as a list with commas or spaces: addresses (`127.0.0.1`, `::1`), networks (`10.0.0.0/8`, `fd00::/8`), `unix`
/// for peers of a Unix socket, `*` for everyone. With `*` a client can say that it is anybody; it is for servers that
/// nothing but a proxy can reach.
public struct TrustedProxies: Sendable, Equatable {
    /// An entry that is no address, no network, not `unix` and not `*`.
    public struct ParseError: Error, Sendable, Equatable {
        /// The entry as written.
        public let entry: String

        /// What is wrong and what is right, in one line.
        public var message: String {
            "'\(entry)' is not an IP address, a network such as 10.0.0.0/8, 'unix' or '*'"
        }
    }

    private struct Network: Sendable, Equatable {
        var base: IPAddress
        var highMask: UInt64
        var lowMask: UInt64
        var isIPv4: Bool

        func contains(_ address: IPAddress) -> Bool {
            address.isIPv4 == isIPv4
                && (address.high ^ base.high) & highMask == 0 && (address.low ^ base.low) & lowMask == 0
        }
    }

    private var networks: [Network] = []
    private var trustsEveryone = false
    private var trustsUnix = false

    /// Whether nobody is trusted.
    public var isEmpty: Bool { networks.isEmpty && !trustsEveryone && !trustsUnix }

    /// Creates a list that trusts nobody.
    public init() {}

    /// Creates the list that the text writes; an empty text trusts nobody.
    ///
    /// - Throws: the first entry that means nothing.
    public init(parsing text: String) throws(ParseError) {
        for entry in text.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" }) {
            switch entry {
            case "*":
                trustsEveryone = true
            case "unix":
                trustsUnix = true
            default:
                guard let network = Self.network(entry) else { throw ParseError(entry: String(entry)) }
                networks.append(network)
            }
        }
    }

    /// Returns whether a peer with this address is trusted.
    public func contains(_ address: IPAddress) -> Bool {
        trustsEveryone || networks.contains { $0.contains(address) }
    }

    /// Returns whether the peer is trusted.
    public func contains(_ peer: Peer) -> Bool {
        switch peer {
        case .address(let address, port: _): contains(address)
        case .unix: trustsEveryone || trustsUnix
        }
    }

    private static func network(_ entry: Substring) -> Network? {
        let parts = entry.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let base = IPAddress(String(first)) else { return nil }
        var length = 128
        var isIPv4 = base.isIPv4
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ $0.decimalValue != nil }), let written = Int(parts[1]) else { return nil }
            length = base.wasWrittenAsIPv4 ? written + 96 : written
            guard written <= (base.wasWrittenAsIPv4 ? 32 : 128) else { return nil }
            if length < 96 { isIPv4 = false }  // ::/0 is every IPv6 address, though mapped IPv4 lies within it
        }
        return Network(
            base: base,
            highMask: length >= 64 ? .max : ~(.max >> UInt64(length)),
            lowMask: length >= 128 ? .max : length <= 64 ? 0 : ~(.max >> UInt64(length - 64)),
            isIPv4: isIPv4,
        )
    }
}

/// The other end of a connection.
public enum Peer: Sendable, Equatable {
    /// A TCP peer.
    case address(IPAddress, port: Int)

    /// A peer of a Unix socket, which has no address.
    case unix
}
