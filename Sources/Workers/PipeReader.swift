internal import NIOCore
internal import NIOPosix

/// The reading end of a pipe on the pool's event loop.
///
/// Confined to that loop.
///
/// Each doorbell is such a pipe, and so are a worker's stdout and stderr. The doorbell is a pipe and no eventfd because
/// both ends of an eventfd share their flags: a worker could make the front's end blocking, and the front would wait
/// for it. A ring through it costs little more.
final class PipeReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var onRead: ((ByteBuffer) -> Void)?
    private var onClose: (() -> Void)?
    private weak var channel: (any Channel)?
    private var isClosed = false

    private init(onRead: @escaping (ByteBuffer) -> Void, onClose: @escaping () -> Void) {
        self.onRead = onRead
        self.onClose = onClose
    }

    /// Opens the reading end of a pipe.
    ///
    /// - Parameters:
    ///   - descriptor: The reading end, which is taken over.
    ///   - eventLoop: Must be the one that this is called on.
    ///   - capacity: The bytes of one read(2); the buffer is used again for the next.
    ///   - onRead: Called after each read. Not called again after ``close()``.
    ///   - onClose: Called once, when the last writer has gone or reading fails; not after ``close()``.
    /// - Returns: The reader, to be held until ``close()`` or `onClose`.
    static func open(
        _ descriptor: consuming OwnedDescriptor,
        on eventLoop: any EventLoop,
        capacity: Int,
        onRead: @escaping (ByteBuffer) -> Void,
        onClose: @escaping () -> Void
    ) -> PipeReader {
        let reader = PipeReader(onRead: onRead, onClose: onClose)
        let bound = NIOLoopBound(reader, eventLoop: eventLoop)
        let raw = descriptor.release()
        NIOPipeBootstrap(group: eventLoop)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: capacity))
            // One read for each wake-up: what is left is reported again.
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .takingOwnershipOfDescriptor(input: raw)
            // NIO has closed the descriptor then, unless it could not even make a channel; closing it here might hit
            // another.
            .whenFailure { _ in bound.value.closed() }
        return reader
    }

    /// Stops reading.
    ///
    /// What the writers still hold is lost, and they will know.
    func close() {
        onRead = nil
        onClose = nil
        isClosed = true
        channel?.close(promise: nil)
    }

    private func closed() {
        onRead = nil
        let report = onClose
        onClose = nil
        isClosed = true
        report?()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        channel = context.channel
    }

    func channelActive(context: ChannelHandlerContext) {
        if isClosed { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        onRead?(unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) {
        closed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
