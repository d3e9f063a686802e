/// Values that are each right and cannot hold together: one message for each such pair.
struct Conflicts {
    private(set) var problems: [ConfigurationError.Problem] = []
    private let configuration: ServerConfiguration
    private let origins: [String: Origin]

    /// The conflicts of a configuration whose automatic values are filled in.
    static func find(
        in configuration: ServerConfiguration,
        origins: [String: Origin],
        facts: MachineFacts
    ) -> [ConfigurationError.Problem] {
        var conflicts = Conflicts(configuration: configuration, origins: origins)
        conflicts.findSizes()
        conflicts.findLifecycle()
        conflicts.findInterface()
        conflicts.findSticky()
        conflicts.findAddresses()
        conflicts.findTrust()
        conflicts.findService(facts)
        conflicts.findDescriptors(facts)
        return conflicts.problems
    }

    private init(configuration: ServerConfiguration, origins: [String: Origin]) {
        self.configuration = configuration
        self.origins = origins
    }

    private mutating func findSizes() {
        let http = configuration.http
        if http.maximumTargetBytes > http.maximumHeaderBytes {
            add(
                "max-target-bytes (\(http.maximumTargetBytes)) is more than max-header-bytes "
                    + "(\(http.maximumHeaderBytes)), which includes it",
                "max-target-bytes",
                "max-header-bytes"
            )
        }
        // Only when somebody set it: a small body limit alone makes the default for memory pointless, not wrong.
        if let longest = http.maximumBodyBytes, configuration.buffering.bodyMemory > longest, isGiven("body-memory") {
            add(
                "body-memory (\(configuration.buffering.bodyMemory)) is more than max-body-bytes (\(longest)): "
                    + "no body is that long",
                "body-memory",
                "max-body-bytes"
            )
        }
        let queue = configuration.queue
        for prefix in queue.criticalPrefixes where queue.sheddablePrefixes.contains(prefix) {
            add("'\(prefix)' is both critical and sheddable", "sheddable", "critical")
        }
        if isGiven("access-log-file"), configuration.logging.accessLog == .off {
            add(
                "access-log-file is given, and access-log is off",
                "access-log",
                "access-log-file",
                try: "access-log text, or no access-log-file"
            )
        }
    }

    private mutating func findLifecycle() {
        let (threads, most) = (configuration.workers.threads, configuration.lifecycle.maximumThreads)
        if threads > most {
            add(
                "threads (\(threads)) is more than max-threads (\(most))",
                "max-threads",
                "threads",
                try: "max-threads \(threads), or more"
            )
        }
        if configuration.lifecycle.maximumRequests == 0, isGiven("max-requests-jitter"),
            configuration.lifecycle.maximumRequestsJitter > 0
        {
            add("max-requests-jitter is given, and max-requests is 0", "max-requests-jitter", "max-requests")
        }
    }

    private mutating func findSticky() {
        let given = [
            "sticky-cookie", "sticky-same-site", "session-timeout", "max-sessions", "waiting-room",
        ].filter(isGiven)
        let (name, root) = (configuration.sticky.cookieName, configuration.application.rootPath)
        if name.hasPrefix("__Host-"), !root.isEmpty {
            add(
                "root-path is \(root), and browsers keep a cookie called \(name) only where it is for the whole host",
                "sticky-cookie",
                "root-path",
                try: "sticky-cookie __Secure-\(name.dropFirst(7))"
            )
        }
        switch configuration.sticky.rule {
        case .auto, .cookie: break
        case .off:
            for name in given {
                add("\(name) is given, and sticky is off: there are no sessions", name, "sticky")
            }
        case .address, .header, .query, .path:
            for name in given where name.hasPrefix("sticky-") {
                add(
                    "\(name) is given, and sticky is \(configuration.sticky.rule.text): no cookie is set",
                    name,
                    "sticky"
                )
            }
        }
    }

    private mutating func findInterface() {
        switch configuration.asgi.interface {
        case .auto: break
        case .asgi:
            for name in ["threads", "max-threads"] where isGiven(name) {
                add(
                    "\(name) is given, and interface is asgi: such a worker runs one event loop, and no threads",
                    name,
                    "interface",
                    try: "concurrency for how many requests a worker has at once, and no \(name)"
                )
            }
        case .wsgi:
            for name in ["concurrency", "event-loop"] where isGiven(name) {
                add(
                    "\(name) is given, and interface is wsgi: such a worker runs no event loop",
                    name,
                    "interface",
                    try: name == "concurrency" ? "threads, and no concurrency" : "no event-loop"
                )
            }
        }
    }

    private mutating func findAddresses() {
        if let admin = configuration.admin.address, admin.port != 0, configuration.listeners.contains(admin) {
            add("admin and bind are both \(admin)", "admin", "bind", try: "another port for one of them")
        }
        if let socket = configuration.admin.socket, configuration.listeners.contains(.unix(path: socket)) {
            add("admin-socket and bind are both \(socket)", "admin-socket", "bind", try: "another path for one of them")
        }
    }

    private mutating func findTrust() {
        if configuration.trust.expectsProxyProtocol, configuration.trust.forwardedAllowIPs.isEmpty {
            add(
                "proxy-protocol expects a header that forwarded-allow-ips (none) lets nobody send",
                "proxy-protocol",
                "forwarded-allow-ips",
                try: "the proxy's address in forwarded-allow-ips"
            )
        }
    }

    private mutating func findService(_ facts: MachineFacts) {
        guard facts.userID != 0 else { return }
        for (name, value) in [("user", configuration.service.user), ("group", configuration.service.group)] {
            guard let value, !facts.isOwn(name, value) else { continue }
            add(
                "\(name) is '\(value)', and only root can become another \(name); this process is user \(facts.userID)",
                name,
                try: "start as root, or as that user without --\(name)"
            )
        }
    }

    private mutating func findDescriptors(_ facts: MachineFacts) {
        let wanted = configuration.http.maximumConnections
        if isGiven("max-connections"), wanted >= facts.descriptorLimit {
            add(
                "max-connections (\(wanted)) needs a file descriptor for each connection, and this process can have "
                    + "\(facts.descriptorLimit)",
                "max-connections",
                try: "a higher hard limit (ulimit -Hn, LimitNOFILE=)"
            )
        }
    }

    private func isGiven(_ name: String) -> Bool {
        switch origins[name] {
        case nil, .default, .automatic: false
        case .file, .environment, .flag, .argument: true
        }
    }

    /// Adds a conflict, said to be where the first of its options is that somebody gave.
    private mutating func add(_ reason: String, _ names: String..., try suggestion: String? = nil) {
        let origin = names.first(where: isGiven).flatMap { origins[$0] }
        problems.append(.init(code: .conflict, reason: reason, origin: origin, suggestion: suggestion))
    }
}
