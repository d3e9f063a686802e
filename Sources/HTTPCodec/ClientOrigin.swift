/// Where a request comes from and what it was addressed to, after what trusted proxies say.
///
/// The proxies' fields are looked at only if the peer is trusted. Of the addresses in `X-Forwarded-For`, from right to
/// left, those of trusted proxies are passed over; the first other one is the client: further to the left anybody may
/// have written anything. A scheme and a host are taken from the place in their lists that the proxy nearest to that
/// client wrote.
///
/// `Forwarded` (RFC 7239) is read the same way. Which of the two families counts is a ``ForwardingRule``.
public struct ClientOrigin: Sendable, Equatable {
    /// The scheme that the client used.
    public enum Scheme: String, Sendable {
        case http, https
    }

    /// The client's address; nil for a Unix socket's peer of whom no proxy said more.
    public var address: IPAddress?

    /// The client's port, where it is known.
    public var port: Int?

    /// The scheme that the client used.
    public var scheme: Scheme

    /// Host and port that the client asked for, a valid ``Authority``, as a place in the head's bytes.
    public var host: ByteSpan

    /// The port that `X-Forwarded-Port` adds to a host that names none; nil for the scheme's own.
    public var addedPort: Int?

    /// Creates an origin from its parts.
    public init(address: IPAddress?, port: Int?, scheme: Scheme, host: ByteSpan) {
        self.address = address
        self.port = port
        self.scheme = scheme
        self.host = host
    }

    /// Returns the origin of a request.
    ///
    /// - Parameters:
    ///   - head: the request's head.
    ///   - bytes: the bytes of that head.
    ///   - peer: the other end of the connection, or what the PROXY protocol said of it.
    ///   - scheme: the scheme of the connection itself.
    ///   - trusted: the peers whose word is believed.
    ///   - rule: which of their fields count.
    ///   - readsPort: whether `X-Forwarded-Port` counts, if its family does.
    /// - Returns: the origin; without a trusted peer's word, that of the connection and the head's authority.
    /// - Throws: a refusal with 400 for fields of a trusted peer that are malformed, or contradict each other though
    ///   they must agree.
    public static func resolved(
        head: RequestHead,
        bytes: UnsafeRawBufferPointer,
        peer: Peer,
        scheme: Scheme,
        trusted: TrustedProxies,
        rule: ForwardingRule = .xForwarded,
        readsPort: Bool = false,
    ) throws(Refusal) -> ClientOrigin {
        var origin = ClientOrigin(address: nil, port: nil, scheme: scheme, host: head.authority)
        if case .address(let address, let port) = peer {
            origin.address = address
            origin.port = port
        }
        guard head.mentionsForwarding, trusted.contains(peer) else { return origin }

        var named = ForwardingClaims()
        var standard = ForwardingClaims()
        if rule != .forwarded {
            named = try ForwardingClaims.named(head, bytes, trusted, mustAgree: rule == .agreeing)
        }
        if rule != .xForwarded { standard = try ForwardingClaims.standard(head, bytes, trusted) }
        if let claimed = try agreed(named.client, standard.client) {
            origin.address = claimed.address
            origin.port = claimed.port
        }
        if let claimed = try agreed(named.scheme, standard.scheme) { origin.scheme = claimed }
        switch (named.host, standard.host) {
        case (let host?, nil), (nil, let host?):
            origin.host = host
        case (let host?, let other?):
            guard host.bytes(in: bytes).elementsEqual(other.bytes(in: bytes)) else { throw .contradiction }
            origin.host = host
        case (nil, nil):
            break
        }
        if readsPort, let port = named.port, port != (origin.scheme == .https ? 443 : 80) {
            let host = origin.host.bytes(in: bytes)
            if let parts = Authority.split(host), parts.hostCount == host.count { origin.addedPort = port }
        }
        return origin
    }

    private static func agreed<Claim: Equatable>(_ left: Claim?, _ right: Claim?) throws(Refusal) -> Claim? {
        if let left, let right, left != right { throw .contradiction }
        return left ?? right
    }
}

extension Refusal {
    static var contradiction: Refusal {
        .bad(.badForwarding, "the forwarding fields contradict each other")
    }
}
