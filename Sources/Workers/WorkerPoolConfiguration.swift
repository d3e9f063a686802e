/// All that a ``WorkerPool`` has to know.
public struct WorkerPoolConfiguration: Sendable {
    /// Where workers come from.
    public enum Source: Sendable {
        /// Each is a process that the pool starts.
        case spawned
        /// Each is forked from a process that the pool starts and that has imported the app: the template.
        ///
        /// An app that must not be forked is served as with `spawned`, with the reason in the log.
        case preloaded
        /// There is one, and it exists already: the process that called `roost.serve`.
        ///
        /// It made this SOCK_SEQPACKET socket and waits at the other end. It is never signalled and never replaced. The
        /// pool takes the descriptor over.
        case attached(socket: Int32)

        /// Whether another comes in the place of one that has ended: a process that serves itself has no successor.
        public var replacesWorkers: Bool {
            switch self {
            case .spawned, .preloaded: true
            case .attached: false
            }
        }
    }

    /// Where workers come from.
    ///
    /// The default is to start them.
    public var source = Source.spawned
    /// Worker processes, P: at least 1.
    ///
    /// The default is 1.
    public var processes = 1
    /// Threads of each worker, T: 1 … 256.
    ///
    /// The default is 8.
    public var threads = 8
    /// How long a thread of Python computes before it lets another have the GIL.
    ///
    /// The default is 1 ms; Python's own is 5 ms.
    public var switchInterval = Duration.milliseconds(1)
    /// The most threads a worker can be given while it runs: lanes of its link.
    ///
    /// The default is 16; fewer than ``threads`` counts as those.
    public var maximumThreads = 16
    /// The path of the interpreter; it is not looked for on `PATH`.
    public var python: String
    /// The path of the script that the interpreter runs.
    public var bootstrap: String
    /// The path of `libRoostWorker.so`.
    public var library: String
    /// The application, as typed: `shop.wsgi:app`.
    public var target: String
    /// What the application finds in `sys.argv` behind its target; no text has a NUL.
    public var scriptArguments: [String] = []
    /// What becomes the first entry of the worker's `sys.path`.
    public var applicationDirectory: String
    /// Where workers run; nil for where this process runs.
    public var workingDirectory: String?
    /// What is set in the workers' environment, on top of this process's own, which they inherit byte for byte.
    public var environment: [String: String] = [:]
    /// Bytes of each ring from the front to a thread.
    ///
    /// The default is 128 KiB; rounded up to a power of two.
    public var requestRingBytes = 128 << 10
    /// Bytes of each ring from a thread to the front.
    ///
    /// The default is 128 KiB; rounded up to a power of two.
    public var responseRingBytes = 128 << 10
    /// How long a worker may take from its start to the answer to its warm-up request.
    ///
    /// The default is 60 s.
    public var startupTimeout = Duration.seconds(60)
    /// The soft limit of open files that workers get; nil for this process's own.
    ///
    /// Apps that use select(2) cannot have descriptors above 1023, and some close every number up to the limit.
    public var descriptorLimit: UInt64?
    /// How long a worker that was replaced may take to finish what it has.
    ///
    /// The default is 30 s.
    public var drainTimeout = Duration.seconds(30)
    /// When workers that could go on are replaced.
    ///
    /// The default is never.
    public var recycling = RecyclePolicy()
    /// How the application is called; nil to find out.
    public var interface: AppInterface?
    /// Requests that an ASGI worker may have at once.
    ///
    /// The default is 256.
    public var concurrency = 256
    /// Which event loop an ASGI worker runs: `auto`, `uvloop` or `asyncio`.
    public var eventLoop = "auto"
    /// The path below which the application is mounted, see `RootPath`; empty for none.
    public var rootPath = ""
    /// What applications see as `SERVER_SOFTWARE`.
    public var serverSoftware = "roost"
    /// Whether a new worker gets one request alone before it takes others.
    ///
    /// The default is true: Dash answers 500 in its first burst of concurrent requests.
    public var warmsUp = true

    /// What workers sign with where all of them have to read it, in hexadecimal digits: the login cookies of Streamlit.
    ///
    /// The same for all workers of a server, and after a reload. The default is none: each has its own.
    public var secret = ""
    /// The longest request body that the front lets in, in bytes; 0 for no limit.
    ///
    /// Told to workers so that they can say when an app expects more.
    public var maximumBodyBytes = 0
    /// The longest WebSocket message that the front takes from a client, in bytes; 0 for no limit.
    ///
    /// Told to workers for the same reason.
    public var maximumMessageBytes = 0

    /// Creates a configuration with the defaults.
    public init(
        python: String,
        bootstrap: String,
        library: String,
        target: String,
        applicationDirectory: String
    ) {
        self.python = python
        self.bootstrap = bootstrap
        self.library = library
        self.target = target
        self.applicationDirectory = applicationDirectory
    }
}
