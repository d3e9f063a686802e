internal import HTTPCodec
internal import NIOCore
internal import RequestQueue
internal import Telemetry
internal import WebSocketCodec
internal import WorkerLink

/// One client's WebSocket: takes the connection over from ``HTTP1Connection`` when the app has accepted.
///
/// Confined to the front's loop. ``MessageReader`` and ``WebSocketConversation`` decide, this carries out. It keeps little: of
/// a message that is on its way in at most one frame of the link, of what is on its way out what the app has credit for.
///
/// ```
///   open ──close frames, violation──▶ lingering ─▶ closed
///     └─────────loss, no answer─────────────────────▲
/// ```
///
/// What comes from the client is in `+Reading` and `+Inflating`, what goes to it in `+Writing`, ends are in `+Closing`.
final class WebSocketConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        /// May go to lingering or closed.
        case open
        /// All was said; the client's bytes are thrown away until it closes. May go to closed.
        case lingering
        case closed
    }

    let core: FrontCore
    var context: ChannelHandlerContext?
    var phase = Phase.open
    /// The app's side; nil once that is over.
    var stream: SocketStream?
    var conversation: WebSocketConversation
    /// When the lingering is over.
    var deadline = Instant(nanoseconds: 0)

    // From the client.
    var reader: MessageReader
    var inbound: ByteBuffer
    /// What has come of a message that is not complete, and was not sent on yet.
    var partial = ByteBuffer()
    /// The message that is being decompressed; nil for none.
    var inflating: InflatingMessage?
    /// What is known of a message that has not ended.
    var unfinished = UnfinishedMessage()
    var isProcessing = false
    /// Whether the channel is handing over what it has read.
    var isHandedBytes = false
    var isReading: Bool
    /// Whether the client has closed its side, or the connection is gone.
    var inputIsClosed = false

    // To the client.
    /// Frames that are written with the next flush.
    var outgoing = ByteBuffer()
    var needsFlush = false
    var socket = DirectSocket()
    /// Whether a message of the app is under way.
    var isWithinMessage = false
    /// What messages are compressed by; nil when they are not.
    let compression: DeflateAgreement?
    /// Whether the message under way is compressed.
    var isDeflating = false
    /// The answer to the last ping that came while the client took nothing.
    var pendingPong: [UInt8]?
    /// What of the written the client's kernel has acknowledged.
    var progress: WriteProgress

    // For the log.
    let account: SocketAccount

    /// Creates the connection when the app has accepted the handshake.
    init(
        core: FrontCore,
        stream: SocketStream,
        inbound: ByteBuffer,
        isReading: Bool,
        compression: DeflateAgreement?,
        acknowledged: UInt64,
        account: SocketAccount,
        now: Instant
    ) {
        self.core = core
        self.stream = stream
        self.inbound = inbound
        self.isReading = isReading
        self.compression = compression
        self.account = account
        let limits = core.configuration.webSockets
        conversation = WebSocketConversation(timing: limits.timing, at: now.sinceStart)
        reader = MessageReader(limit: limits.maximumMessageBytes, allowsCompression: compression != nil)
        progress = WriteProgress(base: acknowledged)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // Of what there is much more is fetched past the channel: see `+Reading`.
        try? context.channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        guard phase == .open else { return }
        conversation.heard()
        if inbound.readableBytes == 0 {
            inbound = buffer
        } else {
            inbound.writeBuffer(&buffer)
        }
        isHandedBytes = true
        process()
        isHandedBytes = false
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        if let pendingPong {
            self.pendingPong = nil
            perform(conversation.pinged(pendingPong))
            flush()
        }
        grant()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { inputClosed() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        left()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset, a timed-out peer: nothing to say to anybody.
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension WebSocketConnection: Sendable {}

extension Instant {
    /// As the pure targets have it that know of no clock.
    var sinceStart: Duration { .nanoseconds(Int64(clamping: nanoseconds)) }
}
