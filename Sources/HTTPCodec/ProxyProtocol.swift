/// What a PROXY protocol header says of the connection that the proxy accepted (HAProxy's proxy-protocol.txt).
public struct ProxyHeader: Sendable, Equatable {
    /// One end of the proxied connection.
    public enum Endpoint: Sendable, Equatable {
        /// An end with an address.
        case address(IPAddress, port: Int)

        /// An end of a Unix socket.
        case unix

        /// An end of which the proxy says nothing, as for its own health checks: the connection's own ends hold.
        case unknown
    }

    /// The client's end.
    public var source: Endpoint

    /// The proxy's end.
    public var destination: Endpoint

    /// Creates a header from its parts.
    public init(source: Endpoint, destination: Endpoint) {
        self.source = source
        self.destination = destination
    }
}

/// What is known after more bytes of a connection that begins with a PROXY protocol header.
public enum ProxyProtocolOutcome: Sendable, Equatable {
    /// The header has not ended yet.
    case incomplete

    /// The header ended; the connection's own bytes begin after this many.
    case complete(byteCount: Int, header: ProxyHeader)

    /// The bytes are no such header; the connection is closed without an answer, as the specification wants.
    case refused(message: String)
}

/// A parser of PROXY protocol headers, versions 1 and 2.
///
/// It is for listeners on which every connection must begin with a header from a trusted proxy; a connection without
/// one is refused, never taken for a plain one. It holds no state: each call looks at all bytes again, at most 107 of
/// version 1 and the fixed part and addresses of version 2.
public struct ProxyProtocolParser: Sendable {
    /// The longest header of version 1, its line end included.
    public static let longestVersion1 = 107

    /// The longest header of version 2 that is taken; further addresses and TLVs are skipped within it.
    public let longestVersion2: Int

    /// Creates a parser; the specification asks receivers to take 536 bytes of version 2 at least.
    public init(longestVersion2: Int = 4_096) {
        self.longestVersion2 = max(longestVersion2, 536)
    }

    /// Returns what the bytes from the connection's first one on say.
    public func parse(_ bytes: UnsafeRawBufferPointer) -> ProxyProtocolOutcome {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return .incomplete }
        let signature: StaticString = "\r\n\r\n\0\r\nQUIT\n"
        let word: StaticString = "PROXY "
        if ByteScan.equals(base, count: min(bytes.count, 12), prefixOf: signature) {
            return bytes.count < 16 ? .incomplete : version2(bytes)
        }
        if ByteScan.equals(base, count: min(bytes.count, 6), prefixOf: word) {
            return bytes.count < 6 ? .incomplete : version1(bytes)
        }
        return .refused(message: "the connection does not begin with a PROXY protocol header")
    }
}

extension ProxyProtocolParser {
    private func version1(_ bytes: UnsafeRawBufferPointer) -> ProxyProtocolOutcome {
        let malformed = ProxyProtocolOutcome.refused(message: "the PROXY line is malformed")
        let head = bytes.prefix(Self.longestVersion1)
        guard let end = head.firstIndex(of: .lineFeed) else {
            return bytes.count < Self.longestVersion1 ? .incomplete : malformed
        }
        guard bytes[end - 1] == .carriageReturn else { return malformed }
        let words = bytes[6..<(end - 1)].split(separator: .space, omittingEmptySubsequences: false)
            .map { UnsafeRawBufferPointer(rebasing: $0) }
        guard let family = words.first, let familyBase = family.baseAddress else { return malformed }
        if ByteScan.equals(familyBase, count: family.count, "UNKNOWN") {
            return .complete(byteCount: end + 1, header: ProxyHeader(source: .unknown, destination: .unknown))
        }
        let isIPv4 = ByteScan.equals(familyBase, count: family.count, "TCP4")
        guard isIPv4 || ByteScan.equals(familyBase, count: family.count, "TCP6"), words.count == 5,
            let source = IPAddress(words[1]), source.wasWrittenAsIPv4 == isIPv4,
            let destination = IPAddress(words[2]), destination.wasWrittenAsIPv4 == isIPv4,
            let sourcePort = Self.port(words[3]), let destinationPort = Self.port(words[4])
        else { return malformed }
        let header = ProxyHeader(
            source: .address(source, port: sourcePort),
            destination: .address(destination, port: destinationPort),
        )
        return .complete(byteCount: end + 1, header: header)
    }

    /// A port in decimal without leading zeros.
    private static func port(_ text: UnsafeRawBufferPointer) -> Int? {
        guard (1...5).contains(text.count), text[0] != .zero || text.count == 1 else { return nil }
        var port = 0
        for byte in text {
            guard let digit = byte.decimalValue else { return nil }
            port = port * 10 + Int(digit)
        }
        return port <= 65_535 ? port : nil
    }

    /// Reads `signature(12) │ version, command │ family, transport │ u16 length │ addresses, TLVs`, all big-endian.
    private func version2(_ bytes: UnsafeRawBufferPointer) -> ProxyProtocolOutcome {
        let malformed = ProxyProtocolOutcome.refused(message: "the binary PROXY header is malformed")
        let command = bytes[12]
        let family = bytes[13]
        let length = Int(bytes.bigEndian16(at: 14))
        guard command == 0x20 || command == 0x21 else { return malformed }
        guard 16 + length <= longestVersion2 else {
            return .refused(message: "the binary PROXY header is too long")
        }
        let unknown = ProxyHeader(source: .unknown, destination: .unknown)
        let addressBytes: Int
        switch (command, family) {
        case (0x20, _), (_, 0x00): addressBytes = 0  // LOCAL; PROXY of an unspecified family
        case (_, 0x11): addressBytes = 12
        case (_, 0x21): addressBytes = 36
        case (_, 0x31): addressBytes = 216
        default: return malformed
        }
        guard length >= addressBytes else { return malformed }
        guard bytes.count >= 16 + length else { return .incomplete }
        guard addressBytes > 0 else { return .complete(byteCount: 16 + length, header: unknown) }
        guard family != 0x31 else {
            return .complete(byteCount: 16 + length, header: ProxyHeader(source: .unix, destination: .unix))
        }
        let size = (addressBytes - 4) / 2
        func endpoint(_ index: Int) -> ProxyHeader.Endpoint? {
            let start = 16 + index * size
            let address = IPAddress(networkBytes: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + size)]))
            return address.map { .address($0, port: Int(bytes.bigEndian16(at: 16 + 2 * size + 2 * index))) }
        }
        guard let source = endpoint(0), let destination = endpoint(1) else { return malformed }
        return .complete(byteCount: 16 + length, header: ProxyHeader(source: source, destination: destination))
    }
}
