/// A run of bytes given by its place in the buffer that was handed to a parser.
///
/// A span borrows nothing: it means something only together with the bytes it was made from, or with a copy of them
/// at the same offsets.
public struct ByteSpan: Sendable, Equatable {
    private var offset: Int32
    private var length: Int32

    /// The offset of the first byte.
    public var start: Int {
        get { Int(offset) }
        set { offset = Int32(clamping: newValue) }
    }

    /// The number of bytes.
    public var count: Int {
        get { Int(length) }
        set { length = Int32(clamping: newValue) }
    }

    /// The offset after the last byte.
    public var end: Int { Int(offset) + Int(length) }

    /// Whether the span holds no byte.
    public var isEmpty: Bool { length == 0 }

    /// Creates a span; offsets beyond two gibibytes are brought down to that.
    public init(start: Int = 0, count: Int = 0) {
        offset = Int32(clamping: start)
        length = Int32(clamping: count)
    }

    /// Returns the span's bytes within the buffer that it was made from.
    ///
    /// - Precondition: the span lies within `buffer`.
    public func bytes(in buffer: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[start..<end])
    }
}
