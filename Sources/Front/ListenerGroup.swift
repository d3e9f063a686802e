internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import PathSafety
internal import RequestQueue
internal import Telemetry

/// The listening sockets.
///
/// Confined to the front's loop.
final class ListenerGroup {
    private let core: FrontCore
    private var channels: [any Channel] = []
    /// The sockets, each beside a channel that has a copy of its descriptor.
    private(set) var sockets: [ListeningSocket] = []
    private var gate: AcceptGate
    private let reserve = DescriptorReserve()
    private var setUpLines = LineBudget(lines: 1)
    private var lastCount = 0
    private var hasTimer = false

    /// What is listened on, with the ports that the kernel chose.
    var addresses: [FrontConfiguration.Listener] { sockets.map(\.address) }

    init(core: FrontCore) {
        self.core = core
        gate = AcceptGate(limit: core.configuration.maximumConnections, isOpen: false)
    }

    /// Listens on the sockets that were given, or opens those that are configured.
    ///
    /// To be called on the loop.
    ///
    /// - Parameter accepts: whether connections are accepted at once, or left to wait for ``open()``.
    /// - Returns: What is listened on; fails with ``FrontError`` for the first that can't be.
    func bind(accepts: Bool) -> EventLoopFuture<[FrontConfiguration.Listener]> {
        var bound = core.loop.makeSucceededVoidFuture()
        let group = NIOLoopBound(self, eventLoop: core.loop)
        do {
            sockets = core.configuration.sockets
            if sockets.isEmpty {
                for listener in core.configuration.listeners {
                    sockets.append(try ListeningSocket(opening: listener, backlog: core.configuration.backlog))
                }
            }
        } catch {
            return core.loop.makeFailedFuture(error)
        }
        for socket in sockets {
            bound = bound.flatMap { group.value.serve(socket) }
        }
        return bound.map {
            if accepts { group.value.open() }
            return group.value.addresses
        }
    }

    private func serve(_ socket: ListeningSocket) -> EventLoopFuture<Void> {
        let group = NIOLoopBound(self, eventLoop: core.loop)
        let descriptor = fcntl(socket.descriptor, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            return core.loop.makeFailedFuture(FrontError(listener: socket.address, reason: reason))
        }
        return bootstrap(socket).withBoundSocket(descriptor).map { channel in
            // NIO listens once more, with a backlog of its own.
            listen(socket.descriptor, Int32(clamping: group.value.core.configuration.backlog))
            group.value.channels.append(channel)
        }.flatMapErrorThrowing { error in
            throw FrontError(listener: socket.address, reason: Self.reason(error))
        }
    }

    private func bootstrap(_ socket: ListeningSocket) -> ServerBootstrap {
        let core = NIOLoopBound(self.core, eventLoop: self.core.loop)
        let group = NIOLoopBound(self, eventLoop: self.core.loop)
        let identity: ListenerIdentity
        let isTCP: Bool
        switch socket.address {
        case .tcp(let host, let port): (identity, isTCP) = (ListenerIdentity(host: host, port: String(port)), true)
        case .unix(let path): (identity, isTCP) = (ListenerIdentity(host: path, port: ""), false)
        }
        return ServerBootstrap(group: self.core.loop)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptErrors(group: group.value))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    do {
                        if isTCP { try channel.syncOptions?.setOption(.tcpOption(.tcp_nodelay), value: 1) }
                        let connection = HTTP1Connection(
                            core: core.value,
                            listener: identity,
                            peer: PeerAddress(isTCP ? channel.remoteAddress : nil),
                            now: MonotonicClock.now()
                        )
                        try channel.pipeline.syncOperations.addHandler(connection)
                    } catch {
                        group.value.setUpFailed(error)
                        throw error
                    }
                }
            }
    }

    /// Accepts from now on.
    func open() {
        change { gate, _ in
            gate.open()
            return nil
        }
        adjust()
    }

    /// Stops accepting for good.
    ///
    /// - Parameter leavesFiles: whether the files of Unix sockets stay, because another process listens on them.
    func close(leavesFiles: Bool = false) {
        gate.shut()
        for channel in channels { channel.close(promise: nil) }
        channels = []
        for socket in sockets {
            Glibc.close(socket.descriptor)
            guard case .unix(let path) = socket.address, !socket.isKept, !leavesFiles else { continue }
            // Another server may have its own there by now.
            if let file = socket.file, PathLook.Identity(of: path) == file { unlink(path) }
        }
        sockets = []
    }

    /// Accepts while there is room for more connections.
    ///
    /// Those that wait stay in the kernel's backlog.
    func adjust() {
        let count = core.clientCount
        // One more may have taken one of the last; one less has given one back, which the next look finds.
        let isShort = (count > lastCount || !gate.isOpen) && gate.state != .shut && reserve.isTouched
        lastCount = count
        change { $0.look(count: count, isShort: isShort, at: $1) }
    }

    fileprivate func acceptFailed(_ error: any Error) {
        core.logger.debug("a connection could not be accepted", metadata: ["error": "\(error)"])
        guard let error = error as? IOError, error.errnoCode == EMFILE || error.errnoCode == ENFILE else { return }
        change { $0.outOfDescriptors(at: $1) }
    }

    /// Reports an accepted connection that is closed unserved.
    ///
    /// One line in ten seconds at most: what fails for one connection tends to fail for all.
    private func setUpFailed(_ error: any Error) {
        core.dispatcher.metrics.connectionFailed()
        guard let others = setUpLines.take(at: MonotonicClock.now()) else { return }
        var metadata: Logger.Metadata = ["error": "\(error)"]
        if others > 0 { metadata["others_not_shown"] = "\(others)" }
        core.logger.error("an accepted connection could not be set up and was closed", metadata: metadata)
    }

    private func change(_ event: (inout AcceptGate, Instant) -> AcceptGate.Notice?) {
        let wasOpen = gate.isOpen
        let notice = event(&gate, MonotonicClock.now())
        if gate.isOpen != wasOpen {
            let isOpen = gate.isOpen
            for channel in channels { try? channel.syncOptions?.setOption(.autoRead, value: isOpen) }
        }
        switch notice {
        case .full:
            let limit = core.configuration.maximumConnections
            core.logger.warning("at the limit of connections, no more are accepted", metadata: ["limit": "\(limit)"])
        case .outOfDescriptors:
            core.logger.error("out of file descriptors, no more connections are accepted until some are closed")
        case .recovered: core.logger.info("file descriptors enough again")
        case nil: break
        }
        if case .resting = gate.state { lookLater() }
    }

    private func lookLater() {
        guard !hasTimer else { return }
        hasTimer = true
        let group = NIOLoopBound(self, eventLoop: core.loop)
        core.loop.scheduleTask(in: .nanoseconds(Int64(clamping: AcceptGate.rest.count))) {
            group.value.hasTimer = false
            group.value.adjust()
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}

/// Hears of connections that could not be accepted.
private final class AcceptErrors: ChannelInboundHandler {
    typealias InboundIn = any Channel
    private unowned let group: ListenerGroup

    init(group: ListenerGroup) {
        self.group = group
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        group.acceptFailed(error)
    }
}

@available(*, unavailable)
extension AcceptErrors: Sendable {}
