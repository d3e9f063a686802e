/// What one kind of forwarding field says of the client.
struct ForwardingClaims {
    /// A client's address; claims are equal when the addresses are, as not every field tells the port.
    struct Client: Equatable {
        var address: IPAddress
        var port: Int?

        static func == (left: Client, right: Client) -> Bool { left.address == right.address }
    }

    var client: Client?
    var scheme: ClientOrigin.Scheme?
    var host: ByteSpan?
    var port: Int?

    /// Reads `X-Forwarded-For`, `-Proto`, `-Protocol`, `-Ssl` and `-Host`; an empty member says nothing.
    ///
    /// Of the fields that tell the scheme the first in this order counts, unless they must agree: most proxies write
    /// one, and let their clients' others pass.
    static func named(
        _ head: RequestHead,
        _ bytes: UnsafeRawBufferPointer,
        _ trusted: TrustedProxies,
        mustAgree: Bool = false,
    ) throws(Refusal) -> ForwardingClaims {
        var claims = ForwardingClaims()
        var hops = 0
        eachFromRight(.xForwardedFor, head, bytes) { member in
            hops += 1
            guard let client = client(member) else { return false }
            claims.client = client
            return trusted.contains(client.address)
        }
        let place = max(hops, 1)
        for name in [FieldName.xForwardedProto, .xForwardedProtocol, .xForwardedSSL] {
            guard claims.scheme == nil || mustAgree,
                let member = member(name, fromRight: place, head, bytes), !member.isEmpty
            else { continue }
            let scheme = name == .xForwardedSSL ? schemeOfSSL(member) : scheme(member)
            guard let scheme else { throw .badScheme }
            guard claims.scheme == nil || claims.scheme == scheme else { throw .contradiction }
            claims.scheme = scheme
        }
        if let member = member(.xForwardedHost, fromRight: place, head, bytes), !member.isEmpty {
            guard Authority.isValid(member) else { throw .badForwardedHost }
            claims.host = span(of: member, in: bytes)
        }
        if let member = member(.xForwardedPort, fromRight: place, head, bytes), let port = port(member) {
            claims.port = port
        }
        return claims
    }

    /// Reads `Forwarded`.
    static func standard(
        _ head: RequestHead,
        _ bytes: UnsafeRawBufferPointer,
        _ trusted: TrustedProxies,
    ) throws(Refusal) -> ForwardingClaims {
        var elements: [ForwardedElement] = []
        for field in head.fields where field.known == .forwarded {
            try ForwardedElement.append(from: field.value.bytes(in: bytes), to: &elements)
        }
        var claims = ForwardingClaims()
        guard var nearest = elements.last else { return claims }
        for element in elements.reversed() {
            nearest = element
            guard let node = element.node, let client = client(node) else { break }
            claims.client = client
            guard trusted.contains(client.address) else { break }
        }
        if let proto = nearest.proto {
            guard let scheme = scheme(proto) else { throw .badScheme }
            claims.scheme = scheme
        }
        if let host = nearest.host {
            guard Authority.isValid(host) else { throw .badForwardedHost }
            claims.host = span(of: host, in: bytes)
        }
        return claims
    }
}

extension ForwardingClaims {
    /// The address, and the port if any, of a node as proxies write it.
    ///
    ///     192.0.2.1    192.0.2.1:80    2001:db8::1    [2001:db8::1]    [2001:db8::1]:80
    ///
    /// Nil for anything else, `unknown` and the hidden names of RFC 7239 included.
    static func client(_ text: UnsafeRawBufferPointer) -> Client? {
        if let address = IPAddress(text) { return Client(address: address, port: nil) }
        guard let (hostCount, port) = Authority.split(text) else { return nil }
        let host = text[0] == .leftBracket ? text[1..<(hostCount - 1)] : text[..<hostCount]
        return IPAddress(UnsafeRawBufferPointer(rebasing: host)).map { Client(address: $0, port: port) }
    }

    private static func scheme(_ text: UnsafeRawBufferPointer) -> ClientOrigin.Scheme? {
        guard let base = text.baseAddress else { return nil }
        func matches(_ name: StaticString) -> Bool { ByteScan.matches(base, count: text.count, name) }
        if matches("https") || matches("wss") || matches("ssl") { return .https }
        if matches("http") || matches("ws") { return .http }
        return nil
    }

    /// A port, or nil for anything else: this field is read only where it is asked for, and never a reason to refuse.
    private static func port(_ text: UnsafeRawBufferPointer) -> Int? {
        guard (1...5).contains(text.count) else { return nil }
        var port = 0
        for byte in text {
            guard let digit = byte.decimalValue else { return nil }
            port = port * 10 + Int(digit)
        }
        return (1...65_535).contains(port) ? port : nil
    }

    private static func schemeOfSSL(_ text: UnsafeRawBufferPointer) -> ClientOrigin.Scheme? {
        guard let base = text.baseAddress else { return nil }
        if ByteScan.matches(base, count: text.count, "on") { return .https }
        return ByteScan.matches(base, count: text.count, "off") ? .http : nil
    }

    /// Calls `body` with the members of all fields of a name, the last first, until it returns false.
    private static func eachFromRight(
        _ name: FieldName,
        _ head: RequestHead,
        _ bytes: UnsafeRawBufferPointer,
        _ body: (_ member: UnsafeRawBufferPointer) -> Bool,
    ) {
        for field in head.fields.reversed() where field.known == name {
            var members = ListMembers(field.value.bytes(in: bytes))
            while let member = members.nextFromRight() {
                guard body(member) else { return }
            }
        }
    }

    /// The member at a place counted from 1 at the right, or the leftmost where there are fewer.
    private static func member(
        _ name: FieldName,
        fromRight place: Int,
        _ head: RequestHead,
        _ bytes: UnsafeRawBufferPointer,
    ) -> UnsafeRawBufferPointer? {
        var found: UnsafeRawBufferPointer?
        var count = 0
        eachFromRight(name, head, bytes) { member in
            found = member
            count += 1
            return count < place
        }
        return found
    }

    private static func span(of part: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer) -> ByteSpan {
        guard let start = part.baseAddress, let base = bytes.baseAddress else { return ByteSpan() }
        return ByteSpan(start: start - base, count: part.count)
    }
}

extension Refusal {
    fileprivate static var badScheme: Refusal {
        .bad(.badForwarding, "a forwarding field names a scheme that is neither http nor https")
    }

    fileprivate static var badForwardedHost: Refusal {
        .bad(.badForwarding, "a forwarding field's host is not a name or address with an optional port")
    }
}
