/// Everything that `/metrics`, `/status` and `roost status` show, at one moment.
///
/// Built on the front's event loop, then free to cross to the admin's.
public struct MetricsSnapshot: Sendable, Equatable {
    /// What the server is doing as a whole.
    public enum Phase: String, Sendable {
        case starting
        case serving
        case draining
    }

    /// One worker process.
    public struct Worker: Sendable, Equatable {
        /// The number of the worker's place, 1 to P; a replacement keeps it.
        public var id: Int
        /// The process, nil when there is none at the moment.
        public var pid: Int32?
        /// The state in one word of a bounded list, such as `ready`.
        public var state: String
        /// Whether it takes requests.
        public var isReady: Bool
        /// Its threads, T; or how many requests its event loop may have at once.
        public var threads: Int
        /// Whether it runs an event loop, and not a thread for each request.
        public var isASGI: Bool
        /// How many of them run a request.
        public var busyThreads: Int
        /// Sessions that are there, open WebSockets and those seen lately; nil where requests have no sessions.
        public var sessions: Int?
        /// Requests that this process finished.
        public var requests: UInt64
        /// WebSockets that it has open, handshakes included.
        public var webSockets: Int
        /// The pools of threads inside its app.
        public var appPools: [AppPool] = []
        /// For how long this process has lived.
        public var uptime: Duration
        /// Its resident memory in bytes, when it is known.
        public var residentBytes: UInt64?
        /// The generation it belongs to, from 1; each reload brings the next.
        public var generation: Int
        /// What it is for: `current`, `successor` or `leaving`.
        ///
        /// There is one `current` for each place.
        public var role: String

        /// Creates the picture of one worker.
        public init(
            id: Int,
            pid: Int32? = nil,
            state: String,
            isReady: Bool,
            threads: Int,
            isASGI: Bool = false,
            busyThreads: Int = 0,
            sessions: Int? = nil,
            requests: UInt64 = 0,
            webSockets: Int = 0,
            uptime: Duration = .zero,
            residentBytes: UInt64? = nil,
            generation: Int = 1,
            role: String = "current"
        ) {
            self.id = id
            self.pid = pid
            self.state = state
            self.isReady = isReady
            self.threads = threads
            self.isASGI = isASGI
            self.busyThreads = busyThreads
            self.sessions = sessions
            self.requests = requests
            self.webSockets = webSockets
            self.uptime = uptime
            self.residentBytes = residentBytes
            self.generation = generation
            self.role = role
        }
    }

    /// The version of Roost.
    public var version: String
    /// What the server serves, as the user named it, such as `sales_dash:server`.
    public var target = ""
    /// The process of the front.
    public var pid: Int32 = 0
    /// What the server is doing.
    public var phase: Phase = .starting
    /// For how long the front has lived.
    public var uptime: Duration = .zero
    /// What the front counted.
    public var server: ServerMetrics
    /// Requests waiting.
    public var queueDepth = 0
    /// The most requests that may wait.
    public var queueLimit = 0
    /// The most requests that have waited at once.
    public var maximumQueueDepth = 0
    /// For how long the oldest waiting request has waited; zero when none waits.
    public var oldestWait: Duration = .zero
    /// Requests finishing per second, lately.
    public var completionsPerSecond = 0.0
    /// The threads of all workers that take requests.
    public var threads = 0
    /// How many of them run a request.
    public var busyThreads = 0
    /// The workers, by `id`; also those who are to take another's place, and those who leave.
    public var workers: [Worker] = []
    /// The sessions that stay with a worker; nil where requests have none.
    public var sessions: Sessions?
    /// How many workers there are to be, P; nil for as many as there are.
    public var configuredWorkers: Int?
    /// The generation that serves, from 1; each reload brings the next.
    public var generation = 1
    /// How the last worker ended that was not sent away, for people; nil when none has.
    public var lastWorkerEnd: String?
    /// Whether a new generation is being started.
    public var isReloading = false
    /// Lines of the log and the access log dropped because the reader stalled or writing failed.
    public var droppedLogLines: UInt64 = 0
    /// Resident memory of the front in bytes, when it is known.
    public var residentBytes: UInt64?

    /// Creates a snapshot with what the front counted; everything else is filled in by whoever knows it.
    public init(version: String, server: ServerMetrics) {
        self.version = version
        self.server = server
    }

    /// Whether the app is ASGI, as far as its workers have said.
    ///
    /// - Complexity: O(number of workers).
    public var isASGI: Bool {
        workers.contains { $0.isASGI }
    }

    /// How many workers take requests.
    ///
    /// - Complexity: O(number of workers).
    public var readyWorkers: Int {
        workers.count { $0.isReady }
    }

    /// Why the server should get no new requests from a load balancer; nil when it is ready.
    public var reasonNotReady: String? {
        switch phase {
        case .draining: "draining"
        case .starting, .serving: readyWorkers > 0 ? nil : noWorkerIsReady
        }
    }

    private var noWorkerIsReady: String {
        "no worker is ready (0 of \(configuredWorkers ?? workers.count))"
            + (lastWorkerEnd.map { "; last ended \($0)" } ?? "")
    }
}
