public import HTTPCodec
public import RequestQueue
internal import WebSocketCodec
public import WorkerLink
internal import Workers

/// What the front needs to know.
///
/// One value, validated before it comes here.
public struct FrontConfiguration: Sendable {
    /// Where to listen.
    public enum Listener: Sendable, Hashable {
        /// A TCP address; port 0 lets the kernel choose.
        case tcp(host: String, port: Int)
        /// The path of a Unix socket.
        case unix(path: String)
    }

    /// How long a client may take for what.
    public struct Timeouts: Sendable {
        /// From the first byte of a head (or from accepting the connection) to its last.
        public var head: Duration = .seconds(15)
        /// Between two requests of one connection.
        public var keepAlive: Duration = .seconds(75)
        /// Without any byte of the response leaving, while some wait to.
        public var writeStall: Duration = .seconds(60)
        /// Bytes a second that a body must make on the whole, after ``bodyGrace``; 0 for no minimum.
        public var bodyRate = 240
        /// How long a body may be slower than that.
        public var bodyGrace: Duration = .seconds(5)

        /// Creates the defaults.
        public init() {}
    }

    /// How long requests may run, and what becomes of those whose worker ends.
    public struct Requests: Sendable {
        /// From a thread taking a request to the end of its response; zero for no limit.
        public var timeout: Duration = .zero
        /// Other limits, by the beginning of the path; the longest that fits counts.
        public var pathTimeouts: [(prefix: String, timeout: Duration)] = []
        /// From the interruption of a request until its thread is taken to be stuck.
        public var timeoutGrace: Duration = .seconds(5)
        /// Whether a request that may run twice is given to another worker, once, when its own ends.
        public var retriesSafeRequests = true

        /// Creates the defaults.
        public init() {}
    }

    /// What a new worker is asked once, alone, before traffic.
    public struct WarmUp: Sendable, Equatable {
        /// The request's target; nil for no such request.
        public var path: String?
        /// Whether the app may say what to ask instead: where nobody chose the path.
        public var isDefault: Bool
        /// The request's Host; nil for one that the app accepts, or the name that the server listens on.
        public var host: String?

        /// Creates it.
        public init(path: String?, isDefault: Bool = false, host: String? = nil) {
            self.path = path
            self.isDefault = isDefault
            self.host = host
        }

        /// The Host for a worker that has introduced itself, on a server that listens on the name `bind`.
        func host(for introduction: WorkerIntroduction?, bind: String) -> String {
            if let host { return host }
            // The worker's word: no field that a client could not send.
            guard let own = introduction?.warmUpHost, own.utf8.count <= 255,
                Array(own.utf8).withUnsafeBytes({ Authority.isValid($0) })
            else { return bind }
            return own
        }

        /// What a worker is asked that has introduced itself; nil for nothing.
        func path(for introduction: WorkerIntroduction?) -> String? {
            guard isDefault, path != nil else { return path }
            // The worker's word: no target that a client could not send.
            guard let own = introduction?.warmUpPath, own.hasPrefix("/"), own.utf8.count <= 1024,
                own.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { return path }
            return own
        }
    }

    /// WebSockets of ASGI apps.
    public struct WebSockets: Sendable, Equatable {
        /// The most of one worker; a handshake beyond that is answered 503.
        public var maximum = 10_000
        /// The largest message of a client, in bytes; a larger one closes with 1009.
        ///
        /// 0 for no limit.
        public var maximumMessageBytes = 32 << 20
        /// The most bytes of messages to one worker that have not ended; 0 for no limit.
        public var unfinishedBytesPerWorker = 128 << 20
        /// The most of them in all; 0 for no limit.
        public var unfinishedBytes = 512 << 20
        /// From the first byte of a message to its last, while the app takes it; zero for no limit.
        public var messageTimeout: Duration = .seconds(300)
        /// Whether messages are compressed for clients that offer it, and theirs decompressed (RFC 7692).
        public var compresses = false
        /// Between two pings; zero for none.
        public var pingInterval: Duration = .seconds(30)
        /// From a ping until something has to come from the client; zero for ever.
        public var pingTimeout: Duration = .seconds(30)

        /// Creates the defaults.
        public init() {}

        var unfinished: UnfinishedMessages.Limits {
            .init(perWorker: unfinishedBytesPerWorker, inAll: unfinishedBytes)
        }

        var timing: WebSocketConversation.Timing {
            .init(pingInterval: pingInterval, pingTimeout: pingTimeout)
        }
    }

    /// The listeners, at least one.
    public var listeners: [Listener] = [.tcp(host: "127.0.0.1", port: 8000)]
    /// Sockets that listen already, instead of ``listeners``; the front takes them over.
    public var sockets: [ListeningSocket] = []
    /// The kernel's backlog of each listener.
    public var backlog = 2048
    /// What a head may measure.
    public var limits = HTTPLimits()
    /// The largest body, in bytes; a larger one is answered 413.
    ///
    /// 0 for no limit.
    public var maximumBodyBytes = 1 << 30
    /// The part of a body that is kept in memory; a larger body goes to a spool file.
    public var bodyMemoryBytes = 64 << 10
    /// The part of a response that is kept in memory for a client that reads slowly; the rest goes to a spool file.
    public var responseMemoryBytes = 256 << 10
    /// The most of one response that waits for its client, in memory and spool file together.
    ///
    /// Beyond it the thread waits.
    public var responseSpoolBytes = 1 << 30
    /// Where spool files are made.
    ///
    /// They have no name: nothing is left behind.
    public var spoolDirectory = "/tmp"
    /// The most bytes of all spool files; 0 for no limit, nil for half of what the file system has free.
    public var spoolBytes: Int?
    /// Time limits.
    public var timeouts = Timeouts()
    /// The most connections at once; at the limit no more are accepted.
    public var maximumConnections = 10_000
    /// From whom forwarding fields are believed.
    public var trustedProxies = TrustedProxies()
    /// Which of their forwarding fields count.
    public var forwardingRule = ForwardingRule.xForwarded
    /// `X-Forwarded-Port` is one of them.
    public var readsForwardedPort = false
    /// Every connection begins with a PROXY protocol header, which is believed.
    public var expectsProxyProtocol = false
    /// Where the app is mounted: all paths here are below it.
    public var rootPath = RootPath()
    /// Paths whose requests go first.
    public var criticalPaths: [String] = []
    /// Paths whose requests are refused first.
    public var sheddablePaths: [String] = []
    /// Requests that run.
    public var requests = Requests()
    /// How browsers stay with the worker that keeps their state.
    public var sticky = StickyConfiguration()
    /// WebSockets.
    public var webSockets = WebSockets()
    /// Whether the app is known to be ASGI, before any worker has said so.
    public var isASGI = false
    /// What to say once it is known that the app runs on threads, one line each.
    public var threadNotes: [String] = []
    /// Whether the app is not told which content codings a client takes, so that it sends pages as plain HTML.
    ///
    /// For development: a ``CodeFailure`` can't be put behind a compressed page.
    public var hidesAcceptEncoding = false
    /// The queue's policy.
    public var queue = QueuePolicy()
    /// What `Server` says.
    public var serverName = "roost"

    /// Creates the defaults.
    public init() {}
}
