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
    private var descriptor: Int32?

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
    ///   - continues: Whether more is written at once after it: the kernel may wait for that to fill a packet.
    ///   - channel: The socket's channel.
    /// - Returns: How many bytes of all of them the socket took; 0 while the channel itself has bytes to send.
    mutating func send(
        _ first: UnsafeRawBufferPointer,
        _ body: UnsafeRawBufferPointer,
        _ last: UnsafeRawBufferPointer,
        continues: Bool,
        to channel: any Channel
    ) -> Int {
        guard channel.isActive, (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0 else { return 0 }
        let descriptor = self.descriptor ?? Self.descriptor(of: channel)
        self.descriptor = descriptor
        guard descriptor >= 0 else { return 0 }
        let sent = withUnsafeTemporaryAllocation(of: iovec.self, capacity: 3) { pieces in
            for (index, piece) in [first, body, last].enumerated() {
                pieces.initializeElement(
                    at: index,
                    to: iovec(iov_base: UnsafeMutableRawPointer(mutating: piece.baseAddress), iov_len: piece.count)
                )
            }
            var message = msghdr()
            message.msg_iov = pieces.baseAddress
            message.msg_iovlen = 3
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL) | (continues ? Int32(MSG_MORE) : 0)
            return sendmsg(descriptor, &message, flags)
        }
        return max(sent, 0)
    }

    private static func descriptor(of channel: any Channel) -> Int32 {
        let found = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: Int32.self) { $0 }
        return found ?? -1
    }
}

extension ByteBuffer {
    /// Writes what is left of pieces of which the first `count` bytes are gone.
    mutating func writeRest(after count: Int, of pieces: UnsafeRawBufferPointer...) {
        var gone = count
        for piece in pieces {
            if gone < piece.count { writeBytes(UnsafeRawBufferPointer(rebasing: piece[gone...])) }
            gone = max(gone - piece.count, 0)
        }
    }
}
