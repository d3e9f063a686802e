internal import CZlib

/// Compresses messages for permessage-deflate (RFC 7692 section 7.2.1), each piece by itself.
///
/// Confined to one event loop. Nothing in a piece refers to another: so one deflater serves all WebSockets of the loop, in
/// whatever order the pieces of their messages come, and none of them holds memory between two pieces. What the pieces of a
/// message don't know of each other costs a large one about a percent.
public final class Deflater {
    /// zlib's level: 6 makes tables in JSON smaller by another quarter, and holds the loop five times as long.
    private static let level: CInt = 1
    /// zlib's own default: 64 KiB for the symbols of a piece, as many for where they were seen.
    private static let memoryLevel: CInt = 8

    // zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    private var output: UnsafeMutableRawBufferPointer

    /// Creates a deflater, which takes 270 KB for the greatest window; nil when there is no memory for it.
    ///
    /// - Parameter windowBits: How far back it may refer, as a power of two: 8 to 15.
    public init?(windowBits: Int) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        output = .allocate(byteCount: 4096, alignment: 16)
        // With 8 zlib makes no raw data. With 9 it refers 250 bytes back at most (its window less the longest match and what
        // begins one), which 8 allows: a test holds it to that.
        let bits = CInt(min(max(windowBits, 9), 15))
        guard roost_deflate_init(stream, Self.level, bits, Self.memoryLevel) == Z_OK else {
            stream.deallocate()
            output.deallocate()
            return nil
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    /// Compresses a piece of a message.
    ///
    /// - Parameters:
    ///   - piece: Its bytes, fewer than 4 GiB, in any memory: each is read once.
    ///   - endsMessage: Whether it is the last.
    /// - Returns: The payload of a frame, at least a byte; valid until the next call.
    public func deflate(_ piece: UnsafeRawBufferPointer, endsMessage: Bool) -> UnsafeRawBufferPointer {
        deflateReset(stream)
        // zlib does not write there; its type does not say so.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(clamping: piece.count)
        var produced = 0
        reserve(Int(deflateBound(stream, UInt(piece.count))), keeping: 0)
        while true {
            let room = output.count - produced
            stream.pointee.next_out = output.baseAddress?.advanced(by: produced).assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(clamping: room)
            CZlib.deflate(stream, Z_SYNC_FLUSH)
            produced += room - Int(stream.pointee.avail_out)
            // Room that is left says that all of it is there.
            if stream.pointee.avail_out > 0 { break }
            reserve(2 * output.count, keeping: produced)
        }
        stream.pointee.next_in = nil
        stream.pointee.next_out = nil
        // It ends with an empty block, of which the client knows the last four bytes (00 00 ff ff).
        return UnsafeRawBufferPointer(rebasing: output[..<(produced - (endsMessage ? 4 : 0))])
    }

    private func reserve(_ count: Int, keeping kept: Int) {
        guard output.count < count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: output[..<kept]))
        output.deallocate()
        output = larger
    }
}

@available(*, unavailable)
extension Deflater: Sendable {}
