/// An IPv4 or IPv6 address.
///
/// An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4 address that it stands for: a socket that listens on
/// both families shows its IPv4 peers so.
public struct IPAddress: Sendable, Hashable {
    /// The first eight bytes of the address, in network order; IPv4 is kept in its mapped form.
    public let high: UInt64

    /// The last eight bytes.
    public let low: UInt64

    /// Whether the text that this was parsed from was dotted, not an IPv6 notation; false for other origins.
    private(set) var wasWrittenAsIPv4 = false

    /// Whether this is an IPv4 address, mapped ones included.
    public var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// Whether this is 127.0.0.0/8 or ::1.
    public var isLoopback: Bool { isIPv4 ? (low >> 24) & 0xFF == 127 : high == 0 && low == 1 }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Creates an IPv4 address from its 32 bits, the first octet highest.
    public init(ipv4 bits: UInt32) {
        self.init(high: 0, low: 0xFFFF << 32 | UInt64(bits))
    }

    /// Creates an address from its 4 or 16 bytes in network order; nil for any other count.
    public init?(networkBytes bytes: UnsafeRawBufferPointer) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for byte in bytes.prefix(16) {
            high = high << 8 | low >> 56
            low = low << 8 | UInt64(byte)
        }
        switch bytes.count {
        case 4: self.init(ipv4: UInt32(truncatingIfNeeded: low))
        case 16: self.init(high: high, low: low)
        default: return nil
        }
    }

    /// Creates the address that the bytes spell: dotted decimal of four parts without leading zeros, or RFC 4291
    /// text without brackets and zone.
    public init?(_ text: UnsafeRawBufferPointer) {
        if text.contains(.colon) {
            guard let (high, low) = Self.ipv6(text) else { return nil }
            self.init(high: high, low: low)
        } else {
            guard let bits = Self.ipv4(text[...]) else { return nil }
            self.init(ipv4: bits)
            wasWrittenAsIPv4 = true
        }
    }

    /// Creates the address that the text spells.
    public init?(_ text: String) {
        var text = text
        let address = text.withUTF8 { IPAddress(UnsafeRawBufferPointer($0)) }
        guard let address else { return nil }
        self = address
    }

    /// Returns whether two values are the same address, however they were written.
    public static func == (left: IPAddress, right: IPAddress) -> Bool {
        left.high == right.high && left.low == right.low
    }

    /// Feeds the address to `hasher`.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(high)
        hasher.combine(low)
    }
}

extension IPAddress {
    private static func ipv4(_ text: Slice<UnsafeRawBufferPointer>) -> UInt32? {
        var bits: UInt32 = 0
        var part: UInt32 = 0
        var digits = 0
        var parts = 1
        for byte in text {
            if byte == .dot {
                guard digits > 0, parts < 4 else { return nil }
                bits = bits << 8 | part
                part = 0
                digits = 0
                parts += 1
            } else {
                guard let digit = byte.decimalValue, digits == 0 || part > 0 else { return nil }
                part = part * 10 + UInt32(digit)
                digits += 1
                guard part <= 255 else { return nil }
            }
        }
        guard parts == 4, digits > 0 else { return nil }
        return bits << 8 | part
    }

    private static func ipv6(_ text: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64)? {
        var groups: (high: UInt64, low: UInt64) = (0, 0)
        var count = 0
        var gap: Int?
        var cursor = 0
        func append(_ group: UInt64) {
            groups = (groups.high << 16 | groups.low >> 48, groups.low << 16 | group)
            count += 1
        }
        if text.count >= 2, text[0] == .colon, text[1] == .colon {
            gap = 0
            cursor = 2
        }
        while cursor < text.count {
            guard count < 8 else { return nil }
            var group: UInt64 = 0
            let start = cursor
            while cursor < text.count, cursor - start < 5, let digit = text[cursor].hexadecimalValue {
                group = group << 4 | UInt64(digit)
                cursor += 1
            }
            if cursor < text.count, text[cursor] == .dot {
                guard count <= 6, let bits = ipv4(text[start...]) else { return nil }
                append(UInt64(bits >> 16))
                append(UInt64(bits & 0xFFFF))
                break
            }
            guard cursor > start, cursor - start <= 4 else { return nil }
            append(group)
            guard cursor < text.count else { break }
            guard text[cursor] == .colon, cursor + 1 < text.count else { return nil }
            cursor += 1
            if text[cursor] == .colon {
                guard gap == nil else { return nil }
                gap = count
                cursor += 1
            }
        }
        guard let gap else { return count == 8 ? groups : nil }
        guard count < 8 else { return nil }
        return expanded(groups, count: count, gap: gap)
    }

    /// Puts zeros for `::` after the first `gap` of `count` groups.
    private static func expanded(
        _ groups: (high: UInt64, low: UInt64),
        count: Int,
        gap: Int,
    ) -> (high: UInt64, low: UInt64) {
        var result: (high: UInt64, low: UInt64) = (0, 0)
        for index in 0..<8 {
            let source = index < gap ? index : index - (8 - count)
            let isZero = index >= gap && source < gap
            let shift = (count - 1 - source) * 16
            let half = shift >= 64 ? groups.high : groups.low
            let group: UInt64 = isZero ? 0 : (half >> UInt64(shift & 63)) & 0xFFFF
            result = (result.high << 16 | result.low >> 48, result.low << 16 | group)
        }
        return result
    }
}

extension IPAddress: CustomStringConvertible {
    /// The address as text: dotted decimal, or RFC 5952 for IPv6.
    public var description: String {
        if isIPv4 {
            return [24, 16, 8, 0].map { String(UInt8(truncatingIfNeeded: low >> UInt64($0))) }.joined(separator: ".")
        }
        let groups = (0..<8).map { index -> UInt16 in
            let half = index < 4 ? high : low
            return UInt16(truncatingIfNeeded: half >> UInt64(48 - index % 4 * 16))
        }
        var longest = 0..<0
        var run = 0..<0
        for index in 0..<8 {
            run = groups[index] == 0 ? (run.isEmpty ? index : run.lowerBound)..<(index + 1) : 0..<0
            if run.count > longest.count { longest = run }
        }
        func text(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard longest.count > 1 else { return text(0..<8) }
        return text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
    }
}
