/// The name of one browser, as far as staying with a worker is concerned: 128 bits.
///
/// No secret, and nothing that proves anything: whoever knows another's name gets to the same worker, and no further.
public struct SessionID: Sendable, Hashable {
    /// The first 64 bits.
    public let high: UInt64
    /// The last 64 bits.
    public let low: UInt64

    /// Where a name comes from; the same bytes from different places name different sessions.
    public enum Source: UInt8, Sendable {
        /// A client's address.
        case address
        /// The header field, query parameter or path segment that the configuration says.
        case request
        /// A Streamlit session's own id.
        case streamlit
    }

    /// Creates the name with these bits.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Creates a name that nobody has.
    public static func random(using generator: inout some RandomNumberGenerator) -> SessionID {
        SessionID(high: generator.next(), low: generator.next())
    }

    /// Creates the name that bytes of a request stand for: the same for the same bytes, for as long as this process lives.
    ///
    /// Hashed with a key that no client knows, so that none can choose its name.
    public init(hashing bytes: UnsafeRawBufferPointer, from source: Source) {
        func hash(_ half: UInt8) -> UInt64 {
            var hasher = Hasher()
            hasher.combine(half)
            hasher.combine(source.rawValue)
            hasher.combine(bytes: bytes)
            return UInt64(bitPattern: Int64(hasher.finalize()))
        }
        self.init(high: hash(0), low: hash(1))
    }

    /// How many bytes its text has.
    public static let textByteCount = 32

    /// Creates the name that 32 lower-case hexadecimal digits spell; nil for anything else.
    public init?(text: UnsafeRawBufferPointer) {
        guard text.count == Self.textByteCount else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        for (index, byte) in text.enumerated() {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            if index < 16 {
                halves.0 = halves.0 << 4 | UInt64(digit)
            } else {
                halves.1 = halves.1 << 4 | UInt64(digit)
            }
        }
        self.init(high: halves.0, low: halves.1)
    }

    /// The name as 32 lower-case hexadecimal digits.
    public var text: [UInt8] {
        [high, low].flatMap { half in
            stride(from: 60, through: 0, by: -4).map { shift in
                let digit = UInt8(truncatingIfNeeded: half >> UInt64(shift)) & 15
                return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            }
        }
    }
}
