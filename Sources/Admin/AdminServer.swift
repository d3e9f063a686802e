import Glibc
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
import PathSafety
import ServiceLifecycle
import Synchronization
public import Telemetry

/// The control plane: health, readiness, status and metrics, on an event loop of its own.
///
/// It never queues behind the application, nor behind the front: all it asks of the front is a snapshot, and it waits
/// for that only so long.
public final class AdminServer: Sendable {
    /// Makes a snapshot; it may hop to the front's event loop, and may take its time.
    public typealias SnapshotProvider = @Sendable () async -> MetricsSnapshot

    /// Told of each place the admin listens on, such as `unix:/run/roost.sock` or `127.0.0.1:9090`.
    public typealias ListeningHandler = @Sendable (_ address: String) -> Void

    private struct State {
        var group: ServiceGroup?
        var isStopping = false
        var failure: AdminError?
        var published: (file: AdminSocketFile, identity: PathLook.Identity)?
    }

    private let configuration: AdminConfiguration
    private let source: SnapshotSource
    private let control: ControlActions?
    private let logger: Logger
    private let onListening: ListeningHandler
    private let state = Mutex(State())
    /// How long the server that is replaced may take to give up the TCP address.
    private static let patience: Duration = .seconds(60)

    /// Creates a server that does not listen yet.
    ///
    /// - Parameters:
    ///   - configuration: where it listens.
    ///   - logger: for what goes wrong; ordinary requests are not logged.
    ///   - control: what may be asked for on the Unix socket; nil, the default, for nothing.
    ///   - onListening: told of each address as soon as connections to it are served.
    ///   - snapshot: makes a snapshot.
    public init(
        configuration: AdminConfiguration,
        logger: Logger,
        control: ControlActions? = nil,
        onListening: @escaping ListeningHandler = { _ in },
        snapshot: @escaping SnapshotProvider
    ) {
        self.configuration = configuration
        self.source = SnapshotSource(provider: snapshot)
        self.control = control
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        self.logger = quiet
        self.onListening = onListening
    }

    /// Serves until ``stop()`` is called or the task is cancelled; to be called once.
    ///
    /// - Throws: `AdminError` when an address cannot be listened on.
    public func run() async throws {
        let replaces = configuration.replacesRunningServer
        let file = try configuration.socketPath.map { path throws(AdminError) in
            try AdminSocketFile(path: path, replacesRunningServer: replaces)
        }
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let result: Result<Void, any Error>
        do {
            try await serve(file, on: eventLoops)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        removeSocketFile()
        file?.removeStaging()
        try await eventLoops.shutdownGracefully()
        if let failure = state.withLock({ $0.failure }) { throw failure }
        try result.get()
    }

    /// Stops listening and lets answers that are being sent end, within the configured time.
    public func stop() async {
        let group = state.withLock { state in
            state.isStopping = true
            return state.group
        }
        await group?.triggerGracefulShutdown()
    }

    /// Takes the socket file away at once, from any thread, for a process that ends without waiting for ``run()``.
    ///
    /// A file that a newer server has put in the place stays.
    public func removeSocketFile() {
        state.withLock { $0.published.take() }.map { $0.file.remove($0.identity) }
    }

    private func serve(_ file: AdminSocketFile?, on eventLoops: MultiThreadedEventLoopGroup) async throws {
        let routes = AdminRoutes(source: source, timeout: configuration.snapshotTimeout)
        var services: [any Service] = []
        if let file {
            let router = routes.makeRouter()
            if let control { ControlRoutes(actions: control).add(to: router) }
            let responder = router.buildResponder()
            let application = makeApplication(responder, .unixDomainSocket(path: file.stagingPath), eventLoops) { _ in
                await self.publish(file)
            }
            services.append(application)
        }
        if let tcp = configuration.tcp {
            let rule = HostRule(names: configuration.hosts + [tcp.host])
            let responder = routes.makeRouter(hosts: rule).buildResponder()
            let application = makeApplication(responder, .hostname(tcp.host, port: tcp.port), eventLoops) { channel in
                self.onListening(Self.text(of: channel.localAddress, tcp))
            }
            let patience: Duration = configuration.replacesRunningServer ? Self.patience : .zero
            let name = Self.text(of: nil, tcp)
            services.append(ListeningService(name: name, application: application, patience: patience))
        }
        guard !services.isEmpty else { return }

        var groupConfiguration = ServiceGroupConfiguration(services: services, logger: logger)
        groupConfiguration.maximumGracefulShutdownDuration = configuration.stopTimeout
        let group = ServiceGroup(configuration: groupConfiguration)
        let isStopping = state.withLock { state in
            state.group = group
            return state.isStopping
        }
        guard !isStopping else { return }
        try await group.run()
    }

    private func makeApplication(
        _ responder: some HTTPResponder<BasicRequestContext>,
        _ address: BindAddress,
        _ eventLoops: MultiThreadedEventLoopGroup,
        onServerRunning: @escaping @Sendable (_ channel: any Channel) async -> Void
    ) -> some ApplicationProtocol {
        let connections = AdminConnections(limit: configuration.maximumConnections)
        let (requestTimeout, answerTimeout) = (configuration.requestTimeout, configuration.answerTimeout)
        return Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [
                        AdminConnectionHandler(
                            connections,
                            requestTimeout: TimeAmount(requestTimeout),
                            answerTimeout: TimeAmount(answerTimeout)
                        )
                    ],
                    idleTimeout: TimeAmount(configuration.idleTimeout)
                )
            ),
            configuration: ApplicationConfiguration(address: address),
            onServerRunning: onServerRunning,
            eventLoopGroupProvider: .shared(eventLoops),
            logger: logger
        )
    }

    private func publish(_ file: AdminSocketFile) async {
        do {
            let identity = try file.publish()
            state.withLock { $0.published = (file, identity) }
            onListening("unix:" + file.path)
        } catch {
            state.withLock { $0.failure = error }
            await stop()
        }
    }

    private static func text(of address: SocketAddress?, _ tcp: AdminConfiguration.TCPAddress) -> String {
        let host = tcp.host.contains(":") ? "[\(tcp.host)]" : tcp.host
        return "\(host):\(address?.port ?? tcp.port)"
    }
}

/// Names the address in the error when it cannot be listened on.
private struct ListeningService<Wrapped: ApplicationProtocol>: Service {
    let name: String
    let application: Wrapped
    /// How long to try again while another server has the address.
    let patience: Duration

    func run() async throws {
        let deadline = ContinuousClock.now + patience
        do {
            while true {
                do {
                    return try await application.run()
                } catch let error as IOError where error.errnoCode == EADDRINUSE && ContinuousClock.now < deadline {
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
        } catch let error as IOError {
            throw AdminError(
                code: error.errnoCode == EADDRINUSE ? .inUse : .system,
                reason: "listen on \(name): \(error)",
                remedy: "another address for the admin"
            )
        } catch let error as NIOConnectionError {
            throw AdminError(code: .system, reason: "listen on \(name): \(error)", remedy: "a host name that resolves")
        }
    }
}
