internal import Glibc
internal import HTTPCodec
internal import Logging
internal import MessageCompression
internal import NIOCore
internal import RequestQueue
internal import Telemetry
internal import WorkerLink

/// What all connections of the front share.
///
/// Confined to the front's loop.
final class FrontCore {
    let configuration: FrontConfiguration
    let loop: any EventLoop
    let logger: Logger
    let dispatcher: Dispatcher
    let serverName: [UInt8]
    /// How long requests may run.
    let requestTimeouts: RequestTimeouts
    /// Writes a line of the access log; nil when there is none.
    let accessLog: ((AccessLogLine) -> Void)?
    private(set) var date = HTTPDate(secondsSince1970: 0)
    private(set) var connections: [ObjectIdentifier: HTTP1Connection] = [:]
    /// The connections that have become WebSockets.
    private(set) var sockets: [ObjectIdentifier: WebSocketConnection] = [:]
    /// What the log gets about refused requests.
    var refusalLines = LineBudget()
    /// What the log gets about connections without a PROXY protocol header.
    var preambleLines = LineBudget()
    /// Lines of bodies that could not be kept.
    var spoolLines = LineBudget(lines: 1)
    /// Set when the server drains: no connection is kept after its answer.
    private(set) var isDraining = false
    /// How long an idle connection may still bring a request while the server drains.
    private(set) var idleGrace = Nanoseconds.zero
    /// Which paths open pages.
    var openingPaths = OpeningPaths()
    /// What is shown while the code on disk does not start; nil except in development.
    var codeFailure: CodeFailure?
    /// Told when a connection was opened or closed.
    var connectionsChanged: () -> Void = {}
    /// The messages of WebSockets that have not ended.
    var unfinished: UnfinishedMessages
    /// What spool files may take.
    let spool: SpoolBudget
    /// Bytes of responses that wait in memory for their clients, in all.
    var backlogMemory = 0
    /// Where response heads are copied to before they are checked: their frames are shared memory.
    private(set) var scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    /// Where the messages of WebSockets are unmasked to, one piece at a time.
    private(set) lazy var messageRoom = {
        hasMessageRoom = true
        return UnsafeMutableRawBufferPointer.allocate(byteCount: LinkGeometry.loopRequestChunkBytes, alignment: 16)
    }()
    private var hasMessageRoom = false
    /// Where they are decompressed to, one piece at a time.
    private(set) lazy var inflatedRoom = {
        hasInflatedRoom = true
        return UnsafeMutableRawBufferPointer.allocate(byteCount: LinkGeometry.loopRequestChunkBytes, alignment: 16)
    }()
    private var hasInflatedRoom = false
    /// What compresses and decompresses them.
    let compression = CompressionStates()

    init(
        configuration: FrontConfiguration,
        loop: any EventLoop,
        dispatcher: Dispatcher,
        logger: Logger,
        accessLog: ((AccessLogLine) -> Void)?
    ) {
        self.configuration = configuration
        self.loop = loop
        self.dispatcher = dispatcher
        self.logger = logger
        self.accessLog = accessLog
        unfinished = UnfinishedMessages(limits: configuration.webSockets.unfinished)
        spool = SpoolBudget(directory: configuration.spoolDirectory, limit: configuration.spoolBytes)
        serverName = Array(configuration.serverName.utf8)
        requestTimeouts = RequestTimeouts(configuration.requests)
    }

    deinit {
        scratch.deallocate()
        if hasMessageRoom { messageRoom.deallocate() }
        if hasInflatedRoom { inflatedRoom.deallocate() }
    }

    /// What one response may keep in memory now: less when all together keep much.
    ///
    /// Of a stream no more waits than it has credit for: no file is begun for the last of that.
    func backlogLimit(isStream: Bool) -> Int {
        guard backlogMemory < Self.backlogBudget else { return 0 }
        let credit = isStream ? StreamFlow.responseBytes + LinkGeometry.loopResponseChunkBytes : 0
        return max(configuration.responseMemoryBytes, credit)
    }
    private static let backlogBudget = 16 << 20

    /// Copies `bytes` out of shared memory.
    ///
    /// The copy is valid until the next call.
    func copied(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if bytes.count > scratch.count {
            scratch.deallocate()
            scratch = .allocate(byteCount: bytes.count, alignment: 16)
        }
        scratch.copyMemory(from: bytes)
        return UnsafeRawBufferPointer(rebasing: scratch[..<bytes.count])
    }

    /// Reads the wall clock for `Date`.
    ///
    /// Called a few times a second.
    func updateDate() {
        date = HTTPDate(secondsSince1970: time(nil))
    }

    func add(_ connection: HTTP1Connection) {
        connections[ObjectIdentifier(connection)] = connection
        dispatcher.metrics.connectionOpened()
        connectionsChanged()
    }

    func remove(_ connection: HTTP1Connection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        dispatcher.metrics.connectionClosed()
        connectionsChanged()
    }

    /// Client connections, WebSockets included.
    var clientCount: Int { connections.count + sockets.count }

    /// A connection goes on as a WebSocket.
    func handOver(_ connection: HTTP1Connection, to socket: WebSocketConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        sockets[ObjectIdentifier(socket)] = socket
        dispatcher.metrics.webSocketOpened()
    }

    /// - Returns: false when it was removed already.
    func remove(_ socket: WebSocketConnection) -> Bool {
        guard sockets.removeValue(forKey: ObjectIdentifier(socket)) != nil else { return false }
        dispatcher.metrics.connectionClosed()
        connectionsChanged()
        return true
    }

    /// Closes what idles, once it has done so for `idleGrace`, and lets every other connection go after its answer.
    func drain(idleGrace: Nanoseconds = .zero) {
        isDraining = true
        self.idleGrace = idleGrace
        for connection in connections.values { connection.drain() }
        for socket in sockets.values { socket.drain() }
    }

    /// Lets every connection look at its deadline.
    func sweep(at now: Instant) {
        for connection in connections.values { connection.sweep(at: now) }
        for socket in sockets.values { socket.sweep(at: now) }
    }
}

@available(*, unavailable)
extension FrontCore: Sendable {}
