internal import Admin
internal import Front
internal import HTTPCodec
internal import LogSink
internal import Logging
internal import RequestQueue
internal import RoostConfiguration
internal import Sessions
internal import WorkerLink
internal import Workers

/// The one configuration, as each part wants it.
extension ServerConfiguration {
    /// What the front gets.
    func front() throws(TrustedProxies.ParseError) -> FrontConfiguration {
        var front = FrontConfiguration()
        front.listeners = listeners.map { address in
            switch address {
            case .tcp(let host, let port): .tcp(host: host, port: port)
            case .unix(let path): .unix(path: path)
            }
        }
        front.limits.headerBytes = http.maximumHeaderBytes.bytes
        front.limits.fieldCount = http.maximumHeaderCount
        front.limits.targetBytes = http.maximumTargetBytes.bytes
        front.maximumBodyBytes = http.maximumBodyBytes?.bytes ?? 0
        front.bodyMemoryBytes = buffering.bodyMemory.bytes
        front.responseMemoryBytes = buffering.responseMemory.bytes
        front.spoolDirectory = buffering.spoolDirectory
        front.spoolBytes = buffering.spoolLimit?.bytes
        front.timeouts.head = http.headerTimeout
        front.timeouts.keepAlive = http.keepAlive
        front.timeouts.writeStall = http.writeStallTimeout
        front.timeouts.bodyRate = http.minimumBodyRate.bytes
        front.timeouts.bodyGrace = http.bodyGrace
        front.maximumConnections = http.maximumConnections
        front.trustedProxies = try TrustedProxies(parsing: trust.forwardedAllowIPs.joined(separator: ","))
        front.forwardingRule =
            switch trust.forwardedHeaders {
            case .xForwarded: .xForwarded
            case .forwarded: .forwarded
            case .agreeing: .agreeing
            }
        front.readsForwardedPort = trust.readsForwardedPort
        front.expectsProxyProtocol = trust.expectsProxyProtocol
        front.criticalPaths = queue.criticalPrefixes
        front.sheddablePaths = queue.sheddablePrefixes
        front.requests.timeout = requests.timeout
        front.requests.pathTimeouts = requests.pathTimeouts.map { ($0.prefix, $0.timeout) }
        front.requests.timeoutGrace = requests.timeoutGrace
        front.requests.retriesSafeRequests = requests.retry == .safe
        front.sticky = stickySessions
        front.rootPath = RootPath(application.rootPath.utf8)
        front.hidesAcceptEncoding = development.reloads
        front.isASGI = asgi.interface == .asgi
        front.webSockets.maximum = webSockets.maximum
        front.webSockets.maximumMessageBytes = webSockets.maximumMessage.bytes
        front.webSockets.unfinishedBytesPerWorker = webSockets.unfinishedPerWorker.bytes
        front.webSockets.unfinishedBytes = webSockets.unfinished.bytes
        front.webSockets.messageTimeout = webSockets.messageTimeout
        front.webSockets.compresses = webSockets.compression == .deflate
        front.webSockets.pingInterval = webSockets.pingInterval
        front.webSockets.pingTimeout = webSockets.pingTimeout
        front.queue.limit = queue.limit
        front.queue.timeout = queue.timeout
        return front
    }

    /// What the front gets about sessions.
    private var stickySessions: StickyConfiguration {
        var front = StickyConfiguration()
        front.rule =
            switch sticky.rule {
            case .auto: nil
            case .off: .off
            case .cookie: .cookie
            case .address: .address
            case .header(let name): .header(name: name)
            case .query(let name): .query(name: name)
            case .path(let place): .path(place: place)
            }
        front.cookie.name = sticky.cookieName
        front.cookie.path = application.rootPath.isEmpty ? "/" : application.rootPath
        front.cookie.sameSite = sticky.sameSite == .none ? .none : .lax
        front.policy.memory = Nanoseconds(sticky.timeout)
        front.policy.presence = min(front.policy.presence, front.policy.memory)
        front.policy.seatsPerWorker = sticky.maximumSessions
        front.doors = sticky.doors
        return front
    }

    /// What the workers get.
    func workers(_ launched: Launched, version: String) -> WorkerPoolConfiguration {
        var pool = WorkerPoolConfiguration(
            python: application.python,
            bootstrap: launched.installation.bootstrap,
            library: launched.installation.library,
            target: application.target?.description ?? "",
            applicationDirectory: application.directory
        )
        pool.scriptArguments = application.scriptArguments
        pool.descriptorLimit = launched.descriptorLimit
        if workers.preloadsApp { pool.source = .preloaded }
        pool.processes = workers.processes
        pool.threads = workers.threads
        pool.startupTimeout = workers.startupTimeout
        pool.interface = AppInterface(rawValue: asgi.interface.rawValue)
        pool.concurrency = asgi.concurrency
        pool.eventLoop = asgi.eventLoop.rawValue
        pool.switchInterval = workers.switchInterval
        pool.maximumThreads = lifecycle.maximumThreads
        pool.drainTimeout = lifecycle.drainTimeout
        pool.recycling.maximumRequests = UInt64(lifecycle.maximumRequests)
        pool.recycling.maximumRequestsJitter = UInt64(lifecycle.maximumRequestsJitter)
        pool.recycling.maximumMemory = UInt64(lifecycle.maximumMemory?.bytes ?? 0)
        pool.recycling.maximumLifetime = lifecycle.maximumLifetime
        pool.serverSoftware = "roost/\(version)"
        pool.secret = launched.secret
        pool.maximumBodyBytes = http.maximumBodyBytes?.bytes ?? 0
        pool.maximumMessageBytes = webSockets.maximumMessage.bytes
        pool.rootPath = application.rootPath
        pool.warmsUp = application.warmUpPath != nil
        // A head, its index, and a body that is kept in memory must fit a lane.
        pool.requestRingBytes = max(
            128 << 10,
            http.maximumHeaderBytes.bytes + 32 * http.maximumHeaderCount + buffering.bodyMemory.bytes + 4096
        )
        return pool
    }

    /// What the admin gets.
    func admin() -> AdminConfiguration {
        var configuration = AdminConfiguration(socketPath: admin.socket)
        configuration.hosts = admin.hosts
        if case .tcp(let host, let port) = admin.address { configuration.tcp = .init(host: host, port: port) }
        return configuration
    }
}

extension ServerConfiguration.Logging {
    /// The logger's level.
    var loggerLevel: Logger.Level { Logger.Level(rawValue: level.rawValue) ?? .info }
    /// What becomes of the app's lines.
    func appForm(isTerminal: Bool) -> LogSink.AppLog.Form {
        switch (appLog, format) {
        case (.raw, _): .raw
        case (.off, let format): .off(isJSON: format == .json)
        case (.on, .json): .json
        case (.on, .text): isTerminal ? .terminal : .text
        }
    }

    /// The log's form.
    var handlerFormat: RoostLogHandler.Format { RoostLogHandler.Format(rawValue: format.rawValue) ?? .text }
}
