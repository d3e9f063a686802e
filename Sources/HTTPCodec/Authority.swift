/// The syntax of a host with an optional port, as Host fields and absolute-form targets hold it.
///
/// Narrower than RFC 3986: a name is letters, digits, `-` `.` `_` and `~`. The sub-delims and percent-encodings that a
/// reg-name may hold occur in no host that resolves; a comma is two Hosts that somebody joined, and quotes end up in
/// pages. An address in brackets is IPv6 without a zone.
public enum Authority {
    /// Returns whether the bytes are a host with an optional port; no bytes are none.
    public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        split(bytes) != nil
    }

    /// Returns where the host ends, and the port; nil where the bytes are not valid.
    ///
    /// The host of an IPv6 address includes its brackets. An empty port (`host:`) is allowed by RFC 3986, and is no
    /// port.
    public static func split(_ bytes: UnsafeRawBufferPointer) -> (hostCount: Int, port: Int?)? {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return nil }
        var cursor = 0
        if base.byte(0) == .leftBracket {
            while cursor < bytes.count, base.byte(cursor) != .rightBracket { cursor += 1 }
            guard cursor < bytes.count,
                let address = IPAddress(UnsafeRawBufferPointer(rebasing: bytes[1..<cursor])), !address.wasWrittenAsIPv4
            else { return nil }
            cursor += 1
        } else {
            while cursor < bytes.count, ByteClass.isHost(base.byte(cursor)) { cursor += 1 }
            guard cursor > 0 else { return nil }
        }
        guard cursor < bytes.count else { return (cursor, nil) }
        guard base.byte(cursor) == .colon else { return nil }
        let hostCount = cursor
        cursor += 1
        guard cursor < bytes.count else { return (hostCount, nil) }
        var port = 0
        while cursor < bytes.count {
            guard let digit = base.byte(cursor).decimalValue else { return nil }
            port = port * 10 + Int(digit)
            guard port <= 65_535 else { return nil }
            cursor += 1
        }
        return (hostCount, port)
    }
}
