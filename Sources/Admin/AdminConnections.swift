import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization

/// The connections of one of the admin's sockets.
final class AdminConnections: Sendable {
    private struct State {
        var bound: ConnectionBound
        var channels: [ConnectionBound.Number: any Channel] = [:]
    }

    private let state: Mutex<State>

    init(limit: Int) {
        state = Mutex(State(bound: ConnectionBound(limit: limit)))
    }

    func open(_ channel: any Channel) -> ConnectionBound.Number {
        let (number, excess) = state.withLock { state -> (ConnectionBound.Number, (any Channel)?) in
            let (number, excess) = state.bound.open()
            state.channels[number] = channel
            return (number, excess.flatMap { state.channels.removeValue(forKey: $0) })
        }
        excess?.close(promise: nil)
        return number
    }

    func note(_ number: ConnectionBound.Number, isBusy: Bool) {
        state.withLock { $0.bound.note(number, isBusy: isBusy) }
    }

    func close(_ number: ConnectionBound.Number) {
        state.withLock { state in
            state.bound.close(number)
            state.channels[number] = nil
        }
    }
}

/// One connection of the admin: its deadlines, its place in the bound, and HTTP/1.0, whose clients wait for the end.
///
/// Confined to the connection's event loop.
final class AdminConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let connections: AdminConnections
    private let requestTimeout: TimeAmount
    private let answerTimeout: TimeAmount
    private let version = VersionWatch()
    private var number: ConnectionBound.Number?
    private var deadline: Scheduled<Void>?

    init(_ connections: AdminConnections, requestTimeout: TimeAmount, answerTimeout: TimeAmount) {
        self.connections = connections
        self.requestTimeout = requestTimeout
        self.answerTimeout = answerTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // In front of the decoder, which does not hand the version on.
        try? context.pipeline.syncOperations.addHandler(version, position: .first)
        number = connections.open(context.channel)
        expect(requestTimeout, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leave()
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .end = unwrapInboundIn(data) {
            if let number { connections.note(number, isBusy: true) }
            expect(answerTimeout, context)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where version.isOld:
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            if let number { connections.note(number, isBusy: false) }
            deadline?.cancel()
            deadline = nil
            guard version.isOld else { return context.write(data, promise: promise) }
            let promise = promise ?? context.eventLoop.makePromise()
            let channel = context.channel
            promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
            context.writeAndFlush(data, promise: promise)
        case .head, .body:
            context.write(data, promise: promise)
        }
    }

    /// Closes the connection unless something has come of it in time.
    private func expect(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    private func leave() {
        deadline?.cancel()
        deadline = nil
        if let number { connections.close(number) }
        number = nil
    }
}

@available(*, unavailable)
extension AdminConnectionHandler: Sendable {}

/// Reads of a connection's first line whether its client speaks HTTP/1.0.
///
/// Confined to the connection's event loop.
private final class VersionWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let longestLine = 16 << 10

    private(set) var isOld = false
    private var isDone = false
    /// The end of what has come of the line.
    private var end: [UInt8] = []
    private var count = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isDone { look(unwrapInboundIn(data).readableBytesView) }
        context.fireChannelRead(data)
    }

    private func look(_ bytes: ByteBufferView) {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        count += line.count
        let old = Array("HTTP/1.0\r".utf8)
        end = Array((end + line).suffix(old.count))
        guard line.count < bytes.count || count > Self.longestLine else { return }
        isDone = true
        isOld = end == old || end.suffix(old.count - 1) == old.dropLast()
    }
}

@available(*, unavailable)
extension VersionWatch: Sendable {}
