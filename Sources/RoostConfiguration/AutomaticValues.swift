/// Works out the values nobody gave, from the machine and from each other, with a reason for each.
struct AutomaticValues {
    /// Why each automatic value is what it is, by option name.
    private(set) var reasons: [String: String] = [:]

    /// What could not be worked out.
    private(set) var problems: [ConfigurationError.Problem] = []

    /// The options whose values are to be worked out.
    let names: Set<String>

    /// The world the values depend on.
    let facts: MachineFacts
    let environment: [String: String]
    let directory: String
    let files: Files

    init(
        names: Set<String>,
        facts: MachineFacts,
        environment: [String: String],
        directory: String,
        files: Files
    ) {
        self.names = names
        self.facts = facts
        self.environment = environment
        self.directory = directory
        self.files = files
    }

    /// Fills the configuration in; the order matters, later values rest on earlier ones.
    mutating func resolve(_ configuration: inout ServerConfiguration) {
        resolvePlacement(&configuration)
        resolveLifecycle(&configuration)
        resolveApplication(&configuration.application)
        resolveQueueLimit(&configuration)
        resolveConnections(&configuration.http)
        resolveSpoolDirectory(&configuration.buffering)
        resolveAccessLog(&configuration.logging)
        resolveAdminSocket(&configuration)
    }

    private mutating func resolvePlacement(_ configuration: inout ServerConfiguration) {
        let reloads = configuration.development.reloads
        let given = names.contains("processes") ? nil : configuration.workers.processes
        let placement = PlacementDefaults(
            facts: facts,
            // A second process would only make every reload longer.
            processes: given ?? (reloads ? 1 : nil),
            threads: names.contains("threads") ? nil : configuration.workers.threads
        )
        configuration.workers.processes = placement.processes
        configuration.workers.threads = placement.threads
        note("processes", given == nil && reloads ? "enough for development (reload)" : placement.processesReason)
        note(
            "threads",
            isASGI(configuration) ? "not used: an ASGI worker runs one event loop" : placement.threadsReason
        )
        if reloads, configuration.workers.preloadsApp {
            configuration.workers.preloadsApp = false
            reasons["preload"] = "ignored, every reload imports the app anew (reload)"
        }
        if reloads, names.contains(Self.defaultDrainTimeout) {
            // Nobody waits for the answer of code that is being rewritten.
            configuration.lifecycle.drainTimeout = .seconds(2)
            reasons["drain-timeout"] = "short for development (reload)"
        }
    }

    /// Whether the app is said to be ASGI; one that is found out to be has threads all the same, and does not use them.
    private func isASGI(_ configuration: ServerConfiguration) -> Bool { configuration.asgi.interface == .asgi }

    /// Stands among `names` when nobody gave a drain timeout.
    static let defaultDrainTimeout = "drain-timeout (default)"

    private mutating func resolveLifecycle(_ configuration: inout ServerConfiguration) {
        if names.contains("max-threads") {
            configuration.lifecycle.maximumThreads = max(16, configuration.workers.threads)
            note("max-threads", "threads (\(configuration.workers.threads)), at least 16")
        }
        if names.contains("max-requests-jitter") {
            configuration.lifecycle.maximumRequestsJitter = configuration.lifecycle.maximumRequests / 10
            note("max-requests-jitter", "a tenth of max-requests (\(configuration.lifecycle.maximumRequests))")
        }
    }

    private mutating func resolveApplication(_ application: inout ServerConfiguration.Application) {
        if names.contains("app-dir") {
            application.directory = PathText.absolute(".", base: directory)
            note("app-dir", "the working directory")
        }
        if names.contains("python") {
            let found = PythonSelection.automatic(environment: environment, directory: directory, files: files)
            if let found { application.python = found.path }
            note("python", found?.reason ?? "none found")
        } else if !application.python.contains("/") {
            let found = PythonSelection.find(
                application.python,
                environment: environment,
                directory: directory,
                files: files
            )
            if let found { application.python = found }
        }
    }

    private mutating func resolveQueueLimit(_ configuration: inout ServerConfiguration) {
        guard names.contains("queue-limit") else { return }
        let (processes, threads) = (configuration.workers.processes, configuration.workers.threads)
        // Bounded by the options' own bounds: 12 x 256 x 1024.
        configuration.queue.limit = max(100, 12 * processes * threads)
        let rule =
            "so that the dozen requests of a page are not refused: 12 for each of \(processes * threads) threads, "
            + "at least 100"
        note("queue-limit", isASGI(configuration) ? "as it would be for threads: \(rule)" : rule)
    }

    private mutating func resolveConnections(_ http: inout ServerConfiguration.HTTP) {
        guard names.contains("max-connections") else { return }
        http.maximumConnections = min(20_000, max(16, facts.descriptorLimit / 2))
        note("max-connections", "half of \(facts.descriptorLimit) file descriptors, at most 20000")
    }

    private mutating func resolveSpoolDirectory(_ buffering: inout ServerConfiguration.Buffering) {
        guard names.contains("spool-dir") else { return }
        let given = environment["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        buffering.spoolDirectory = PathText.absolute(given ?? "/tmp", base: "/")
        note("spool-dir", given == nil ? "no TMPDIR" : "TMPDIR")
    }

    private mutating func resolveAccessLog(_ logging: inout ServerConfiguration.Logging) {
        guard names.contains("access-log") else { return }
        let isPlaceGiven = names.contains(Self.givenAccessLogFile)
        logging.accessLog = isPlaceGiven || facts.isAtTerminal ? .text : .off
        let other = facts.isAtTerminal ? "standard output is a terminal" : "not asked for"
        note("access-log", isPlaceGiven ? "access-log-file is given" : other)
    }

    private mutating func resolveAdminSocket(_ configuration: inout ServerConfiguration) {
        guard names.contains("admin-socket"), let first = configuration.listeners.first else { return }
        let folder = adminFolder(configuration.service.user)
        let path = "\(folder.path)/\(AdminSocket.name(for: first, processID: facts.processID))"
        guard path.utf8.count <= BindAddress.longestSocketPath else {
            problems.append(
                .init(
                    code: .invalidValue,
                    reason: "admin-socket would be '\(path)', longer than the \(BindAddress.longestSocketPath) bytes "
                        + "a Unix socket's path has at most",
                    suggestion: "--admin-socket with a shorter path, or none"
                )
            )
            return
        }
        configuration.admin.socket = path
        note("admin-socket", folder.reason)
    }

    /// Where the admin's socket belongs: to the user that the server will be, for whom root's directories are closed.
    private func adminFolder(_ user: String?) -> (path: String, reason: String) {
        guard let user, let userID = MachineFacts.userID(of: user), userID != 0 else {
            return AdminSocket.folder(environment: environment, userID: facts.userID)
        }
        return (AdminSocket.folder(environment: [:], userID: userID).path, "user is \(user)")
    }

    /// Stands among `names` when the place of the access log was given: that turns the log on.
    static let givenAccessLogFile = "access-log-file (given)"

    private mutating func note(_ name: String, _ reason: String) {
        if names.contains(name) { reasons[name] = reason }
    }
}

/// Where a server's admin socket is unless told otherwise, so that `roost status` finds it.
public enum AdminSocket {
    /// The private directory of a user's sockets, without a final slash, and why that one.
    public static func folder(environment: [String: String], userID: Int) -> (path: String, reason: String) {
        if let runtime = environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/") {
            return (PathText.absolute("\(runtime)/roost", base: "/"), "in XDG_RUNTIME_DIR")
        }
        return ("/tmp/roost-\(userID)", "no XDG_RUNTIME_DIR")
    }

    /// The file name of the socket of a server whose first address is the one given.
    ///
    /// It is the port alone when the address is this machine's usual one, so that `roost status` needs to be told
    /// nothing else; a server that lets the kernel choose its port is told by its process.
    public static func name(for address: BindAddress, processID: Int) -> String {
        switch address {
        case .tcp(_, port: 0): "pid-\(processID).sock"
        case .tcp("127.0.0.1", let port), .tcp("0.0.0.0", let port), .tcp("localhost", let port),
            .tcp("::", let port), .tcp("::1", let port):
            "\(port).sock"
        case .tcp(let host, let port): "\(host)-\(port).sock"
        case .unix(let path): "unix-\(PathText.name(path))"
        }
    }
}
