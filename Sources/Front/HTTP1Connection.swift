internal import HTTPCodec
internal import NIOCore
internal import RequestQueue
internal import WebSocketCodec
internal import WorkerLink

/// One client's connection, HTTP/1.x: reads one request at a time, has it answered, and goes on with the next.
///
/// Confined to the front's loop. Requests sent ahead (pipelining) wait as bytes until the one before is answered; so
/// answers are in order, and one parser state is enough.
///
/// ```
/// preamble ─▶ head ─▶ body ─▶ exchange ─▶ (dropping) ─▶ head …
///               └───────┴────────┴────────────┴──▶ lingering ─▶ closed
/// ```
///
/// Reading is in `+Reading` and `+Upload`, handing over in `+Request`, answering in `+Response` and `+Writing`, ends in
/// `+Closing`.
final class HTTP1Connection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase: Equatable {
        /// A PROXY protocol header is expected. May go to head or closed.
        case preamble
        /// Between requests, or in the middle of a head. May go to body, exchange, lingering, closed.
        case head
        /// The body is coming. May go to exchange, lingering, closed.
        case body
        /// A request is with the dispatcher, or its answer on the way; its body may be coming still. May go to dropping,
        /// head, lingering, closed.
        case exchange
        /// The answer is out, and the rest of the request's body is thrown away. May go to head, lingering, closed.
        case dropping
        /// All was said; the client's bytes are thrown away until it closes. May go to closed.
        case lingering
        case closed
    }

    let core: FrontCore
    let listener: ListenerIdentity
    var context: ChannelHandlerContext?
    var phase = Phase.head
    /// The peer of the socket, or what the PROXY protocol says.
    var peer: PeerAddress

    // Reading.
    var inbound = ByteBuffer()
    var isProcessing = false
    var parser: RequestHeadParser
    var chunks: ChunkedBodyDecoder?
    var head = ByteBuffer()
    var body = RequestBody()
    /// The body that goes on to the app as it comes; nil for one that is taken whole.
    var upload: RequestUpload?
    /// What the handshake for a WebSocket at hand is accepted with; nil for another request.
    var handshakeAccept: [UInt8]?
    /// What its messages are compressed by; nil when they are not.
    var handshakeCompression: DeflateAgreement?
    /// When this phase is over at the latest; see `sweep`.
    var deadline: Instant
    /// When and at how many bytes the body's rate was last looked at.
    var bodyMark = (time: Instant(nanoseconds: 0), bytes: 0)
    var bodyReceived = 0
    var headHasBegun = false
    /// When the last answer was complete; nil before the first request.
    var answeredAt: Instant?
    var isReading = true
    /// Why the request at hand was refused, for the access log.
    var refusalCause: String?
    var inputIsClosed = false

    // Handing over.
    var exchange: Exchange?
    var origin: ClientOrigin
    var envelopeFields = 0
    /// Whether the app gets a Host that no field of the client's has: the target's or a proxy's, on HTTP/1.0.
    var addsHost = false
    /// Whether the client takes trailer fields.
    var takesTrailers = false

    // Answering.
    var response = ResponseProgress()
    var backlog = ResponseBacklog()
    var isDrainingBacklog = false
    /// Whether the app's thread waits because too much waits for the client.
    var isHeldBack = false
    var needsFlush = false
    var socket = DirectSocket()
    var acknowledged: UInt64 = 0
    var lingered = 0

    init(core: FrontCore, listener: ListenerIdentity, peer: PeerAddress, now: Instant) {
        self.core = core
        self.listener = listener
        self.peer = peer
        origin = peer.origin
        parser = RequestHeadParser(limits: core.configuration.limits)
        deadline = now + Nanoseconds(core.configuration.timeouts.head)
        phase = core.configuration.expectsProxyProtocol ? .preamble : .head
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        core.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        guard phase != .lingering, phase != .closed else {
            discard(buffer.readableBytes)
            return
        }
        if inbound.readableBytes == 0 {
            inbound = buffer
        } else {
            inbound.writeBuffer(&buffer)
        }
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        if !backlog.isEmpty {
            drainBacklog()
        } else if let exchange, exchange.isStream {
            core.dispatcher.took(exchange)
        }
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
extension HTTP1Connection: Sendable {}

/// How far the answer to the current request is.
struct ResponseProgress {
    /// The status sent; 0 before the head.
    var status = 0
    var framing = ResponseFraming.none
    /// Body bytes that the head promised and that have not come yet; nil when it promised none.
    var remaining: Int?
    var keepsAlive = false
    /// The worker has said all.
    var isComplete = false
    /// Body bytes taken.
    var bodyBytes = 0
    /// What is put behind the body, see ``CodeFailure``; nil for nothing.
    var addition: [UInt8]?
    /// The end of a body in chunks that has trailer fields.
    var ending: ByteBuffer?
    /// What the worker sent can't be sent on: ignore the rest.
    var isBroken = false

    var hasBegun: Bool { status != 0 }
}
