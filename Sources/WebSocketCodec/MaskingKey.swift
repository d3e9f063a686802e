/// The four bytes with which a client's payload is masked (RFC 6455 section 5.3), turned to the next byte's.
public struct MaskingKey: Sendable, Equatable {
    /// In the order of memory: the next byte's is the first.
    private var word: UInt32

    /// Creates a key from its four bytes as they lie in memory.
    public init(_ word: UInt32) {
        self.word = word.littleEndian
    }

    /// Takes the mask off (or puts it on) while copying, and turns the key by as many bytes.
    ///
    /// The two places don't overlap, or are the same.
    ///
    /// - Parameters:
    ///   - source: The masked bytes.
    ///   - target: Room for as many.
    ///   - count: How many.
    public mutating func apply(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int) {
        let wide = UInt64(word) << 32 | UInt64(word)
        let block = SIMD4<UInt64>(repeating: wide.littleEndian)
        var index = 0
        while index &+ 32 <= count {
            let masked = source.loadUnaligned(fromByteOffset: index, as: SIMD4<UInt64>.self)
            target.storeBytes(of: masked ^ block, toByteOffset: index, as: SIMD4<UInt64>.self)
            index &+= 32
        }
        while index &+ 8 <= count {
            let masked = source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            target.storeBytes(of: masked ^ wide.littleEndian, toByteOffset: index, as: UInt64.self)
            index &+= 8
        }
        var shift = UInt32(0)
        while index < count {
            let masked = source.load(fromByteOffset: index, as: UInt8.self)
            target.storeBytes(
                of: masked ^ UInt8(truncatingIfNeeded: word >> (shift & 31)),
                toByteOffset: index,
                as: UInt8.self
            )
            shift &+= 8
            index &+= 1
        }
        let turn = UInt32(truncatingIfNeeded: count & 3) &* 8
        if turn != 0 { word = word >> turn | word << (32 &- turn) }
    }
}
