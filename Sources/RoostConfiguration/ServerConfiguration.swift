/// Everything a running server was told or has worked out, nested by part.
///
/// A value with its defaults is what an empty command line gives, but for the values that depend on the machine
/// (`processes`, `threads`, `queue.limit`, `http.maximumConnections`, `application.python`, `admin.socket`), which the
/// loader works out. What each option means for the user, and why its default, stands in the option's own definition.
public struct ServerConfiguration: Sendable, Equatable {
    /// The app and the interpreter it runs in.
    public var application = Application()

    /// The addresses to listen on, in the order given, none of them twice.
    public var listeners: [BindAddress] = [.tcp(host: "127.0.0.1", port: 8_000)]

    /// Worker processes: how many, and how long they may take.
    public var workers = Workers()

    /// How the app is called, and what an ASGI app's event loops take.
    public var asgi = ASGI()

    /// WebSockets of ASGI apps.
    public var webSockets = WebSockets()

    /// How workers make room for others.
    public var lifecycle = Lifecycle()

    /// How browsers stay with the worker that keeps their state.
    public var sticky = Sticky()

    /// The request queue.
    public var queue = Queue()

    /// Requests that run, and those whose worker ends.
    public var requests = Requests()

    /// What a connection may ask and how long it may take.
    public var http = HTTP()

    /// Where bodies wait for the slower side.
    public var buffering = Buffering()

    /// Who is believed about the client's address.
    public var trust = Trust()

    /// What is written, where, and how.
    public var logging = Logging()

    /// The control plane.
    public var admin = Admin()

    /// The process on its machine.
    public var service = Service()
    /// What helps while an app is being written.
    public var development = Development()

    /// Creates the configuration of an empty command line.
    public init() {}

    /// The app and the interpreter it runs in.
    public struct Application: Sendable, Equatable {
        /// The app; `nil` only when the loader was told that none is needed.
        public var target: AppTarget?

        /// The directory that comes first on the app's `sys.path`, absolute.
        public var directory = "/"

        /// The interpreter's path.
        public var python = "python3"

        /// The path of the one request a new worker answers before it gets traffic, or `nil` for none.
        public var warmUpPath: String? = "/"

        /// The Host of that request, or `nil` for the name that the app or the first address gives.
        public var warmUpHost: String?

        /// What the app finds in `sys.argv` behind its own name.
        public var scriptArguments: [String] = []

        /// The path below which the app is mounted, without a slash at its end; empty for none.
        public var rootPath = ""
    }

    /// Worker processes: how many, and how long they may take.
    public struct Workers: Sendable, Equatable {
        /// Worker processes, 1 to 256.
        public var processes = 1

        /// Threads in each worker, 1 to 1024.
        public var threads = 8

        /// How long a thread computes before it lets another have the GIL; 1 ms to 1 s.
        public var switchInterval: Duration = .milliseconds(1)

        /// From starting a worker to its readiness, warm-up included.
        public var startupTimeout: Duration = .seconds(120)

        /// From the signal to stop until what still runs is cut; zero cuts at once.
        public var gracefulTimeout: Duration = .seconds(30)

        /// Whether the app is imported once, in a process that the workers are forked from.
        public var preloadsApp = false
    }

    /// The request queue.
    public struct Queue: Sendable, Equatable {
        /// The most requests waiting; zero refuses whatever no thread is idle for.
        public var limit = 100

        /// The longest wait of a request for a thread, what `X-Request-Start` shows included.
        public var timeout: Duration = .seconds(30)

        /// Path prefixes whose requests go before the others.
        public var criticalPrefixes: [String] = []

        /// Path prefixes whose requests go after the others and are shed first.
        public var sheddablePrefixes: [String] = []
    }

    /// Requests that run, and those whose worker ends.
    public struct Requests: Sendable, Equatable {
        /// Which requests run again when their worker ends.
        public enum Retry: String, Sendable, CaseIterable {
            /// Those that are safe by their method, and those the app marks.
            case safe
            /// None that a thread had begun.
            case none
        }

        /// The longest run of a request; zero for no limit.
        public var timeout: Duration = .zero

        /// Other limits, by the beginning of the path; the longest that fits counts.
        public var pathTimeouts: [PathTimeout] = []

        /// From the interruption of a request until its thread is taken to be stuck.
        public var timeoutGrace: Duration = .seconds(5)

        /// Which requests run again when their worker ends.
        public var retry = Retry.safe
    }

    /// What a connection may ask and how long it may take.
    public struct HTTP: Sendable, Equatable {
        /// The most connections at once; more wait in the kernel's backlog.
        public var maximumConnections = 1_000

        /// How long a connection without a request stays open; zero closes after each response.
        public var keepAlive: Duration = .seconds(75)

        /// From the first byte of a request to the end of its head.
        public var headerTimeout: Duration = .seconds(15)

        /// The fewest bytes of body a client must send per second, once `bodyGrace` is over; zero for any.
        public var minimumBodyRate = ByteCount(bytes: 240)

        /// How long a body may be slower than `minimumBodyRate`.
        public var bodyGrace: Duration = .seconds(5)

        /// How long a client may take no byte of a response that waits for it.
        public var writeStallTimeout: Duration = .seconds(60)

        /// The longest request head, request line included.
        public var maximumHeaderBytes = ByteCount.kibibytes(32)

        /// The most fields of a request head.
        public var maximumHeaderCount = 100

        /// The longest request target.
        public var maximumTargetBytes = ByteCount(bytes: 8_190)

        /// The longest request body, or `nil` for any.
        public var maximumBodyBytes: ByteCount? = .gibibytes(1)
    }

    /// Where bodies wait for the slower side.
    public struct Buffering: Sendable, Equatable {
        /// How much of a request's body is kept in memory; the rest goes to an unlinked file.
        public var bodyMemory = ByteCount.kibibytes(64)

        /// How much of a response is kept in memory for a slow client; the rest goes to an unlinked file.
        public var responseMemory = ByteCount.kibibytes(256)

        /// The directory of those files, absolute.
        public var spoolDirectory = "/tmp"

        /// The most bytes of all those files, zero for any; `nil` for half of what is free there.
        public var spoolLimit: ByteCount?
    }

    /// Who is believed about the client's address.
    public struct Trust: Sendable, Equatable {
        /// The peers whose `X-Forwarded-*`, `Forwarded` and PROXY headers count.
        ///
        /// Addresses, networks (`10.0.0.0/8`), `unix` for Unix sockets, `*` for all; each has been checked to be one
        /// of these. Empty trusts nobody.
        public var forwardedAllowIPs = ["127.0.0.1", "::1", "unix"]

        /// Which forwarding fields count.
        public enum ForwardedHeaders: String, Sendable, CaseIterable {
            /// `X-Forwarded-*`.
            case xForwarded = "x-forwarded"
            /// `Forwarded`.
            case forwarded
            /// Both, and they must agree.
            case agreeing
        }

        /// Which of the fields of those peers count.
        public var forwardedHeaders = ForwardedHeaders.xForwarded

        /// Whether `X-Forwarded-Port` is one of them.
        public var readsForwardedPort = false

        /// Whether connections begin with a PROXY protocol header (version 1 or 2).
        public var expectsProxyProtocol = false
    }

    /// What is written, where, and how.
    public struct Logging: Sendable, Equatable {
        /// The form of the access log.
        public enum AccessLog: String, Sendable, CaseIterable {
            /// No access log.
            case off
            /// The combined format, with queue and service time.
            case text
            /// One JSON object a line.
            case json
        }

        /// Where the access log goes.
        public enum Destination: Sendable, Equatable {
            /// The server's standard output.
            case standardOutput
            /// A file, absolute, appended to.
            case file(path: String)
        }

        /// What becomes of the app's own lines.
        public enum AppLog: String, Sendable, CaseIterable {
            /// Records of the server's log.
            case on
            /// Byte for byte.
            case raw
            /// Not written, but for the errors that the app lets out.
            case off
        }

        /// The least important message that is written.
        public enum Level: String, Sendable, CaseIterable {
            /// Whatever helps to follow one connection.
            case debug
            /// What an operator wants to know of a healthy server.
            case info
            /// What changed, or is out of the ordinary.
            case notice
            /// What will need somebody.
            case warning
            /// What needs somebody.
            case error
        }

        /// The form of the server's log on standard error.
        public enum Format: String, Sendable, CaseIterable {
            /// For people.
            case text
            /// One JSON object a line.
            case json
        }

        /// The form of the access log.
        public var accessLog = AccessLog.off

        /// Where the access log goes.
        public var accessLogDestination = Destination.standardOutput

        /// What becomes of the app's own lines.
        public var appLog = AppLog.on

        /// The least important message that is written.
        public var level = Level.info

        /// The form of the server's log.
        public var format = Format.text
    }

    /// The control plane.
    public struct Admin: Sendable, Equatable {
        /// The TCP address of the admin endpoints, or `nil` for none.
        public var address: BindAddress?

        /// The names under which that address is asked; `*` for any.
        public var hosts: [String] = []

        /// The path of the admin endpoints' Unix socket, or `nil` for none.
        ///
        /// Unless given, it lies in a directory of this user that must be made, with mode 0700, and be refused when it
        /// belongs to somebody else: anyone can create names below `/tmp`.
        public var socket: String?
    }
}
