internal import Glibc
internal import NIOCore

/// A client's socket, written to past the buffers of its channel.
///
/// A large piece of a body goes from shared memory to the kernel at once: no buffer is made for it and no copy. What the
/// socket does not take goes through the channel, which also finds out what is wrong with a socket.
///
/// Confined to the channel's event loop. Only for channels whose bytes are those of the socket: with a handler between
/// them that changes bytes (TLS) it must not be used.
struct DirectSocket {
    /// Smaller pieces are better gathered: one call of the kernel for many.
    static let smallestBytes = 16 << 10

    /// -1 when the channel has none, as in tests; nil when nobody has asked.
    private var known: Int32?

    /// Creates it for a channel of which nothing is known yet.
    init() {}

    /// Sends pieces in their order, without waiting.
    ///
    /// Everything that was written to `channel` before has to be flushed.
    ///
    /// - Parameters:
    ///   - first: What goes first; may be empty.
    ///   - body: What lies in shared memory.
    ///   - last: What goes last; may be empty.
    ///   - channel: The socket's channel.
    /// - Returns: How many bytes of all of them the socket took; 0 while the channel itself has bytes to send.
    mutating func send(
        _ first: UnsafeRawBufferPointer,
        _ body: [UnsafeRawBufferPointer],
        _ last: UnsafeRawBufferPointer,
        to channel: any Channel
    ) -> Int {
        guard (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0 else { return 0 }
        let descriptor = descriptor(of: channel)
        guard descriptor >= 0 else { return 0 }
        let sent = withUnsafeTemporaryAllocation(of: iovec.self, capacity: body.count + 2) { vectors in
            vectors.initializeElement(at: 0, to: iovec(first))
            for (index, piece) in body.enumerated() { vectors.initializeElement(at: index + 1, to: iovec(piece)) }
            vectors.initializeElement(at: body.count + 1, to: iovec(last))
            var message = msghdr()
            message.msg_iov = vectors.baseAddress
            message.msg_iovlen = vectors.count
            return sendmsg(descriptor, &message, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        }
        return max(sent, 0)
    }

    /// Receives what is there, without waiting.
    ///
    /// Everything that `channel` has read before must have been used: these bytes come behind it. What ends the connection
    /// is left for the channel to find.
    ///
    /// - Returns: How many bytes; 0 for none.
    mutating func receive(_ room: UnsafeMutableRawBufferPointer, from channel: any Channel) -> Int {
        let descriptor = descriptor(of: channel)
        guard descriptor >= 0 else { return 0 }
        return max(recv(descriptor, room.baseAddress, room.count, Int32(MSG_DONTWAIT)), 0)
    }

    /// -1 when there is none, and when the channel has closed it.
    private mutating func descriptor(of channel: any Channel) -> Int32 {
        guard channel.isActive else { return -1 }
        if let known { return known }
        let found = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: Int32.self) { $0 }
        known = found ?? -1
        return found ?? -1
    }
}

extension [UnsafeRawBufferPointer] {
    /// How many bytes they are.
    var byteCount: Int { reduce(0) { $0 + $1.count } }

    /// Drops what lies behind the first `count` bytes.
    mutating func cut(to count: Int) {
        var left = count
        for index in indices {
            let kept = Swift.min(self[index].count, left)
            self[index] = UnsafeRawBufferPointer(rebasing: self[index][..<kept])
            left -= kept
        }
    }
}

extension iovec {
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        self.init(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}

extension ByteBuffer {
    /// Writes what is left of pieces of which the first `count` bytes are gone.
    mutating func writeRest(
        after count: Int,
        of first: UnsafeRawBufferPointer,
        _ body: [UnsafeRawBufferPointer],
        _ last: UnsafeRawBufferPointer
    ) {
        var gone = count
        for piece in [first] + body + [last] {
            if gone < piece.count { writeBytes(UnsafeRawBufferPointer(rebasing: piece[gone...])) }
            gone = max(gone - piece.count, 0)
        }
    }
}
