internal import Front
internal import Glibc
internal import RoostConfiguration
internal import Service

/// What the server takes before it serves: its sockets, its pid file, its user.
///
/// Made by the main thread, in this order: what needs root first, and then no root any more.
struct Place {
    /// The sockets that it listens on.
    let sockets: [ListeningSocket]
    /// Its pid file, claimed and not yet written.
    let pidFile: PidFile?
    /// What the operator should know.
    let warnings: [String]

    /// Takes the place that `resolved` describes.
    ///
    /// - Throws: `ServiceError` or `FrontError` with what was not possible.
    init(_ resolved: ResolvedConfiguration, _ variables: ServiceVariables, _ inheritance: Inheritance?) throws {
        let configuration = resolved.configuration
        var warnings: [String] = []
        let wanted = configuration.listeners.map(FrontConfiguration.Listener.init)
        let owner = try Self.owner(configuration.service)
        let access = SocketAccess(
            owner: owner?.uid,
            group: try configuration.service.bindGroup.map { try UserIdentity(user: nil, group: $0).gid } ?? owner?.gid,
            mode: configuration.service.bindMode
        )
        if let inheritance {
            sockets = try Self.inherited(inheritance, wanted, access)
        } else if !variables.listening.isEmpty {
            sockets = try variables.listening.map { descriptor in
                let text = try ActivatedSocket.address(of: descriptor)
                guard let listener = FrontConfiguration.Listener(text) else {
                    throw ServiceError("a socket cannot be taken over", reason: text, remedy: "TCP or a Unix socket")
                }
                return ListeningSocket(descriptor: descriptor, wanted: listener, isKept: true)
            }
            let addresses = sockets.map(\.address)
            let others = Self.isBindGiven(resolved) ? wanted.filter { !addresses.contains($0) } : []
            if !others.isEmpty {
                warnings.append(
                    "the service manager passed sockets on, which are the addresses; bind is passed over: "
                        + others.map(\.description).joined(separator: ", ")
                )
            }
        } else {
            sockets = try wanted.map { try ListeningSocket(opening: $0, access: access) }
        }
        if owner == nil, configuration.service.user == nil, configuration.service.group == nil,
            UserIdentity.isSuperuser
        {
            warnings.append("the app runs as root; --user NAME makes it run as somebody who can do less harm")
        }
        self.warnings = warnings
        if let owner {
            if let path = configuration.service.pidFile { try PidFile.prepare(path, for: owner) }
            if let socket = configuration.admin.socket, let slash = socket.lastIndex(of: "/") {
                owner.makeDirectory(String(socket[..<slash]))
            }
            if configuration.logging.accessLog != .off,
                case .file(let path) = configuration.logging.accessLogDestination
            {
                try owner.prepareFile(path, for: "--access-log-file")
            }
            try owner.become()
        }
        // From here on it is the user who opens: what lies in a directory of the user's is the user's affair.
        pidFile = try configuration.service.pidFile.map { path throws(ServiceError) in
            try PidFile(path: path, predecessor: inheritance?.predecessor)
        }
    }

    /// The user to become; nil when that is who we are.
    private static func owner(_ service: ServerConfiguration.Service) throws(ServiceError) -> UserIdentity? {
        guard service.user != nil || service.group != nil else { return nil }
        let identity = try UserIdentity(user: service.user, group: service.group)
        return identity.isOurs ? nil : identity
    }

    /// The sockets of the server that is replaced, as far as they are wanted, and new ones for what it did not have.
    private static func inherited(
        _ inheritance: Inheritance,
        _ wanted: [FrontConfiguration.Listener],
        _ access: SocketAccess
    ) throws -> [ListeningSocket] {
        let given = inheritance.sockets.compactMap { socket in
            FrontConfiguration.Listener(socket.address).map {
                ListeningSocket(descriptor: socket.descriptor, wanted: $0, isKept: socket.isKept)
            }
        }
        let kept = given.filter(\.isKept)
        let used = kept.isEmpty ? given.filter { wanted.contains($0.wanted) } : kept
        for socket in given where !used.contains(socket) { close(socket.descriptor) }
        guard kept.isEmpty else { return used }
        // In the order of the configuration: the first one's address stands for the server.
        var left = used
        return try wanted.map { listener in
            guard let index = left.firstIndex(where: { $0.wanted == listener }) else {
                return try ListeningSocket(opening: listener, access: access)
            }
            return left.remove(at: index)
        }
    }

    private static func isBindGiven(_ resolved: ResolvedConfiguration) -> Bool {
        guard let option = OptionTable.option(named: "bind") else { return false }
        switch resolved.origin(of: option) {
        case .default, .automatic: return false
        case .file, .environment, .flag, .argument: return true
        }
    }
}

extension FrontConfiguration.Listener {
    /// The address as the front wants it.
    init(_ address: BindAddress) {
        switch address {
        case .tcp(let host, let port): self = .tcp(host: host, port: port)
        case .unix(let path): self = .unix(path: path)
        }
    }
}
