internal import Glibc

/// Checks on addresses written as text; the front parses them again into its own type.
enum IPText {
    /// Whether the text is a dotted IPv4 address.
    static func isIPv4(_ text: String) -> Bool {
        var storage = in_addr()
        return !text.utf8.contains(0) && inet_pton(AF_INET, text, &storage) == 1
    }

    /// Whether the text is an IPv6 address, without brackets and without a zone.
    static func isIPv6(_ text: String) -> Bool {
        var storage = in6_addr()
        return !text.utf8.contains(0) && inet_pton(AF_INET6, text, &storage) == 1
    }

    /// Whether the text is an IP address, or a network written `ADDRESS/BITS`.
    static func isAddressOrNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let address = parts.first, parts.count <= 2 else { return false }
        let most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : nil
        guard let most else { return false }
        guard parts.count == 2 else { return true }
        guard parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let bits = Int(parts[1])
        else { return false }
        return bits <= most
    }
}
