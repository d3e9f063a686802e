extension MetricsSnapshot {
    /// A pool of threads inside the app of a worker: the queue in front of it is none of the server's.
    public struct AppPool: Sendable, Equatable {
        /// Whose it is, of a bounded list: `anyio`, `executor`.
        public var name: String
        /// The most threads that may run at once.
        public var threads: Int
        /// How many do.
        public var busy: Int
        /// Calls that wait for one.
        public var waiting: Int

        /// Creates the picture of one pool.
        public init(name: String, threads: Int, busy: Int, waiting: Int) {
            self.name = name
            self.threads = threads
            self.busy = busy
            self.waiting = waiting
        }

        /// Whose threads they are, and how there are more of them, for people.
        var remedy: (owner: String, change: String) {
            switch name {
            case "anyio":
                ("anyio's", "anyio.to_thread.current_default_thread_limiter().total_tokens = \(2 * max(threads, 1))")
            default:
                (
                    "the default executor's",
                    "loop.set_default_executor(ThreadPoolExecutor(\(2 * max(threads, 1))))"
                )
            }
        }
    }
}

extension StatusText {
    /// A line for each pool that is full while calls wait for it: which limit it is, and what to change.
    static func pools(_ snapshot: MetricsSnapshot) -> [String] {
        snapshot.workers.flatMap { worker in
            worker.appPools.filter { $0.waiting > 0 && $0.busy >= $0.threads }.map { pool in
                let (owner, change) = pool.remedy
                return row("in the app", "worker \(worker.id): \(pool.waiting) calls wait for one of \(owner) ")
                    + "\(pool.threads) threads; more: \(change) in its lifespan, or more processes"
            }
        }
    }
}
