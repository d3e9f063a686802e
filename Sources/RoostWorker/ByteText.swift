internal import Glibc

/// Whether two runs of `count` bytes are the same.
@inline(__always)
func equalBytes(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ count: Int) -> Bool {
    memcmp(left, right, count) == 0
}

/// What bytes mean in the heads of requests and responses: one table, looked up without branches.
enum ByteTable {
    /// RFC 9110 §5.6.2: may stand in a token.
    static let token: UInt8 = 1
    /// RFC 9110 §5.5: may stand in a field's value: visible, space, tab, and everything above ASCII.
    static let value: UInt8 = 2

    // Immutable after it was made, and never freed.
    nonisolated(unsafe) static let classes: UnsafePointer<UInt8> = {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        for byte in 0..<256 {
            var bits: UInt8 = 0
            switch UInt8(byte) {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"):
                bits |= token
            default:
                if "!#$%&'*+-.^_`|~".utf8.contains(UInt8(byte)) { bits |= token }
            }
            if byte == 9 || (byte >= 32 && byte != 127) { bits |= value }
            table[byte] = bits
        }
        return UnsafePointer(table)
    }()

    /// A field name's byte as CGI writes it: upper case, `_` for `-`; 0 for `_` itself, which would let
    /// `X_Forwarded_For` pass for `X-Forwarded-For`.
    // Immutable after it was made, and never freed.
    nonisolated(unsafe) static let environ: UnsafePointer<UInt8> = {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        for byte in 0..<256 {
            switch UInt8(byte) {
            case UInt8(ascii: "-"): table[byte] = UInt8(ascii: "_")
            case UInt8(ascii: "_"): table[byte] = 0
            case UInt8(ascii: "a")...UInt8(ascii: "z"): table[byte] = UInt8(byte) - 32
            default: table[byte] = classes[byte] & token != 0 ? UInt8(byte) : 0
            }
        }
        return UnsafePointer(table)
    }()

    /// A field name's byte in lower case, as ASGI wants names; 0 for what stands in no token, and for `_`, as in
    /// ``environ``: an application that makes CGI names of these must not take one for another.
    // Immutable after it was made, and never freed.
    nonisolated(unsafe) static let lowered: UnsafePointer<UInt8> = {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        for byte in 0..<256 {
            switch UInt8(byte) {
            case UInt8(ascii: "_"): table[byte] = 0
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): table[byte] = UInt8(byte) + 32
            default: table[byte] = classes[byte] & token != 0 ? UInt8(byte) : 0
            }
        }
        return UnsafePointer(table)
    }()
}
