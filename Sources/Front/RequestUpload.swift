internal import NIOCore

/// A request's body that goes on to the app as it comes, because the app reads it so: on an event loop.
///
/// Here are only the bytes that have come and were not sent on; the client waits while they are many. Confined to the
/// front's loop.
struct RequestUpload {
    /// A body up to so many bytes is taken whole: the app has it all in the first `receive()`, and the request can be given
    /// to another worker until it has begun.
    static let smallest = 32 << 10
    /// The most bytes that wait here to be sent on.
    static let mostPending = 64 << 10

    /// What has come and was not sent on.
    var pending = ByteBuffer()
    /// Bytes of the body that have come.
    private(set) var byteCount = 0
    /// Whether all of it has come.
    var isComplete = false
    /// Whether a worker has the beginning, so that it can't be sent again.
    var isHandedOver = false
    /// Whether the worker has all of it.
    var isSent = false
    /// Bytes that came when the answer was over, and were thrown away.
    private(set) var droppedBytes = 0

    /// How much more may be kept.
    var room: Int { max(0, Self.mostPending - pending.readableBytes) }

    /// Takes bytes in.
    mutating func append(_ slice: ByteBuffer) {
        byteCount += slice.readableBytes
        // Where it was read to: mostly no copy.
        if pending.readableBytes == 0 { pending = slice } else { pending.writeImmutableBuffer(slice) }
    }

    /// Takes bytes in, copied.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        byteCount += bytes.count
        if pending.readableBytes == 0 { pending.clear() }
        pending.writeBytes(bytes)
    }

    /// Throws away what nobody wants any more.
    mutating func drop() {
        droppedBytes += pending.readableBytes
        pending = ByteBuffer()
    }
}
