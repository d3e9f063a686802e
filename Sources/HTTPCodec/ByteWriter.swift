/// Writes bytes one after another into memory that its owner made large enough.
struct ByteWriter {
    private let memory: UnsafeMutableRawPointer
    private(set) var count = 0

    init(_ memory: UnsafeMutableRawPointer) { self.memory = memory }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        memory.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count &+= 1
    }

    @inline(__always)
    mutating func put(_ text: StaticString) {
        (memory + count).copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        count &+= text.utf8CodeUnitCount
    }

    @inline(__always)
    mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        (memory + count).copyMemory(from: base, byteCount: bytes.count)
        count &+= bytes.count
    }

    mutating func putLineEnd() {
        put(.carriageReturn)
        put(.lineFeed)
    }

    /// Writes a number that is not negative in decimal.
    mutating func putNumber(_ number: Int) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            put(.zero + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}
