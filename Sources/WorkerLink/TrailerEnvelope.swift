/// The payload of a ``FrameKind/end`` frame: the trailer fields of a response; none of them when it is empty.
///
/// ```
/// each field: nameLength u16 · reserved u16 · valueLength u32 · name · value
/// ```
///
/// As in the head of a ``ResponseEnvelope``, up to the payload's end.
public enum TrailerEnvelope {
    /// The longest payload.
    public static let greatestByteCount = 16 << 10

    /// Fields of which a recipient must not learn behind the body (RFC 9110 section 6.5.1): what frames, routes or
    /// authenticates a message, says what its content is, or what is to be done with it.
    private static let forbidden: [StaticString] = [
        "age", "authorization", "cache-control", "connection", "content-encoding", "content-length", "content-range",
        "content-type", "cookie", "date", "expect", "expires", "host", "keep-alive", "location", "max-forwards",
        "pragma", "proxy-authenticate", "proxy-authorization", "proxy-connection", "range", "retry-after",
        "set-cookie", "te", "trailer", "trailers", "transfer-encoding", "upgrade", "vary", "warning",
        "www-authenticate",
    ]

    /// Whether no trailer field may have this name, letters of either case.
    public static func forbids(_ name: UnsafeRawBufferPointer) -> Bool {
        func begins(with text: StaticString) -> Bool {
            guard name.count >= text.utf8CodeUnitCount else { return false }
            for index in 0..<text.utf8CodeUnitCount where lowered(name[index]) != text.utf8Start[index] { return false }
            return true
        }
        // If-Match and its like: the answer was chosen long ago.
        return begins(with: "if-")
            || forbidden.contains { $0.utf8CodeUnitCount == name.count && begins(with: $0) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}
