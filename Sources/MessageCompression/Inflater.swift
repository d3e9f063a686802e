internal import CZlib

/// Decompresses raw DEFLATE data (RFC 1951) that comes in pieces, into memory that may be full before they end.
///
/// Confined to one event loop. It takes 8 KB, and 32 KB more from when a message does not end with the call in which it
/// began.
public final class Inflater {
    /// The data can't be decompressed, or there was no memory to do it.
    struct Damage: Error {}

    // zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    /// Whether a block has just ended, at the end of a byte; so it is before the first.
    private(set) var isBetweenBlocks = true
    /// Whether there may be more output without more input.
    private(set) var isHeldUp = false

    /// Creates an inflater before the first byte; nil when there is no memory for it.
    ///
    /// - Parameter windowBits: How far back the data may refer, as a power of two: 8 to 15.
    public init?(windowBits: Int = 15) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard roost_inflate_init(stream, CInt(min(max(windowBits, 8), 15))) == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Forgets all that came: the next byte is the first of other data.
    func reset() {
        inflateReset(stream)
        isBetweenBlocks = true
        isHeldUp = false
    }

    /// Decompresses until the input is used up or the output is full.
    ///
    /// A block that says to be the last is a block like any other: what follows begins with the next byte (RFC 7692 section
    /// 7.2.3.5).
    ///
    /// - Returns: The bytes of the input that were used up, and of the output that were written.
    func inflate(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(Damage) -> (consumed: Int, produced: Int) {
        defer {
            stream.pointee.next_in = nil
            stream.pointee.next_out = nil
        }
        // zlib does not write there; its type does not say so.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(clamping: input.count)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(clamping: output.count)
        let count = (input: stream.pointee.avail_in, output: stream.pointee.avail_out)
        var status = Z_OK
        while status == Z_OK, stream.pointee.avail_out > 0, stream.pointee.avail_in > 0 || isHeldUp {
            status = CZlib.inflate(stream, Z_SYNC_FLUSH)
            isHeldUp = stream.pointee.avail_out == 0
            if status == Z_STREAM_END {
                // Unlike inflateReset it keeps the window.
                status = inflateResetKeep(stream)
                isBetweenBlocks = true
                isHeldUp = false
            } else if status == Z_OK {
                // 128: it stands between two blocks; 63: bits of the last byte that were not used. zlib forgets the first
                // when there was nothing to be done.
                isBetweenBlocks = stream.pointee.data_type & (128 | 63) == 128
            }
        }
        // Z_BUF_ERROR: that there was nothing to be done.
        guard status == Z_OK || status == Z_BUF_ERROR else { throw Damage() }
        return (Int(count.input - stream.pointee.avail_in), Int(count.output - stream.pointee.avail_out))
    }
}

@available(*, unavailable)
extension Inflater: Sendable {}
