/// Whether bytes that come in pieces are UTF-8 (RFC 3629): the first byte that can't be is found at once.
///
/// No surrogates, nothing above U+10FFFF, nothing in more bytes than it needs.
public struct UTF8Validator: Sendable, Equatable {
    /// Continuation bytes that must follow.
    private var needed: UInt8 = 0
    /// What the next of them may be.
    private var lower: UInt8 = 0x80
    private var upper: UInt8 = 0xBF

    /// Creates a validator before the first byte.
    public init() {}

    /// Whether the text does not end within a character.
    public var isComplete: Bool { needed == 0 }

    /// Takes the next bytes.
    ///
    /// - Returns: false when they make it no UTF-8, whatever follows; do not go on then.
    public mutating func accepts(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        let count = bytes.count
        var index = 0
        while index < count {
            if needed == 0 {
                index = Self.endOfASCII(base, from: index, to: count)
                guard index < count else { return true }
            }
            guard take(base.load(fromByteOffset: index, as: UInt8.self)) else { return false }
            index &+= 1
        }
        return true
    }

    @inline(__always)
    private mutating func take(_ byte: UInt8) -> Bool {
        if needed > 0 {
            guard byte >= lower, byte <= upper else { return false }
            needed &-= 1
            lower = 0x80
            upper = 0xBF
            return true
        }
        switch byte {
        case 0x00...0x7F:
            break
        case 0xC2...0xDF:
            needed = 1
        case 0xE0:
            (needed, lower) = (2, 0xA0)
        case 0xED:
            (needed, upper) = (2, 0x9F)
        case 0xE1...0xEF:
            needed = 2
        case 0xF0:
            (needed, lower) = (3, 0x90)
        case 0xF1...0xF3:
            needed = 3
        case 0xF4:
            (needed, upper) = (3, 0x8F)
        default:
            return false
        }
        return true
    }

    /// The first byte from `start` that is not ASCII, or `end`.
    @inline(__always)
    private static func endOfASCII(_ base: UnsafeRawPointer, from start: Int, to end: Int) -> Int {
        var index = start
        while index &+ 32 <= end {
            let block = base.loadUnaligned(fromByteOffset: index, as: SIMD4<UInt64>.self)
            guard (block[0] | block[1] | block[2] | block[3]) & 0x8080_8080_8080_8080 == 0 else { break }
            index &+= 32
        }
        while index &+ 8 <= end {
            guard base.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 else { break }
            index &+= 8
        }
        while index < end, base.load(fromByteOffset: index, as: UInt8.self) < 0x80 { index &+= 1 }
        return index
    }
}
