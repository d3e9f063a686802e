internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import RequestQueue

/// The listening sockets.
///
/// Confined to the front's loop.
final class ListenerGroup {
    private let core: FrontCore
    private var channels: [any Channel] = []
    private var unixPaths: [String] = []
    private var isAccepting = true
    /// What is listened on, with the ports that the kernel chose.
    private(set) var addresses: [FrontConfiguration.Listener] = []

    init(core: FrontCore) {
        self.core = core
    }

    /// Binds all listeners one after the other.
    ///
    /// To be called on the loop.
    ///
    /// - Returns: What is listened on; fails with ``FrontError`` for the first that can't be bound.
    func bind() -> EventLoopFuture<[FrontConfiguration.Listener]> {
        var bound = core.loop.makeSucceededVoidFuture()
        let group = NIOLoopBound(self, eventLoop: core.loop)
        for listener in core.configuration.listeners {
            bound = bound.flatMap {
                group.value.bind(listener).flatMapErrorThrowing { error in
                    throw FrontError(listener: listener, reason: Self.reason(error))
                }
            }
        }
        return bound.map { group.value.addresses }
    }

    private func bind(_ listener: FrontConfiguration.Listener) -> EventLoopFuture<Void> {
        let group = NIOLoopBound(self, eventLoop: core.loop)
        switch listener {
        case .tcp(let host, let port):
            let identity = ListenerIdentity(host: host, port: String(port))
            return bootstrap(identity, isTCP: true).bind(host: host, port: port).map { channel in
                group.value.add(channel, .tcp(host: host, port: channel.localAddress?.port ?? port))
            }
        case .unix(let path):
            let identity = ListenerIdentity(host: "localhost", port: "")
            return bootstrap(identity, isTCP: false)
                .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: Self.isStale(path))
                .map { channel in
                    group.value.unixPaths.append(path)
                    group.value.add(channel, listener)
                }
        }
    }

    private func bootstrap(_ identity: ListenerIdentity, isTCP: Bool) -> ServerBootstrap {
        let core = NIOLoopBound(self.core, eventLoop: self.core.loop)
        return ServerBootstrap(group: self.core.loop)
            .serverChannelOption(.backlog, value: Int32(self.core.configuration.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if isTCP { try channel.syncOptions?.setOption(.socketOption(.tcp_nodelay), value: 1) }
                    let connection = HTTP1Connection(
                        core: core.value,
                        listener: identity,
                        peer: PeerAddress(isTCP ? channel.remoteAddress : nil),
                        now: MonotonicClock.now()
                    )
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
    }

    private func add(_ channel: any Channel, _ address: FrontConfiguration.Listener) {
        channels.append(channel)
        addresses.append(address)
    }

    /// Stops accepting for good, and takes the paths of Unix sockets away.
    func close() {
        for channel in channels { channel.close(promise: nil) }
        channels = []
        for path in unixPaths { unlink(path) }
        unixPaths = []
    }

    /// Accepts while there is room for more connections.
    ///
    /// Those that wait stay in the kernel's backlog.
    func adjust() {
        let limit = core.configuration.maximumConnections
        let wants = isAccepting ? core.connections.count < limit : core.connections.count < limit - limit / 50
        guard wants != isAccepting else { return }
        isAccepting = wants
        if !wants {
            core.logger.warning("at the limit of connections, no more are accepted", metadata: ["limit": "\(limit)"])
        }
        for channel in channels { try? channel.syncOptions?.setOption(.autoRead, value: wants) }
    }

    /// Whether a socket file is left over from a server that is gone: nobody answers on it.
    private static func isStale(_ path: String) -> Bool {
        guard let address = try? SocketAddress(unixDomainSocketPath: path) else { return false }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        return address.withSockAddr { pointer, size in connect(descriptor, pointer, socklen_t(size)) } != 0
            && errno == ECONNREFUSED
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}
