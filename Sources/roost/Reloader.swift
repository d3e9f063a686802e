internal import Front
internal import Logging
internal import NIOCore
internal import RoostConfiguration
internal import Synchronization
internal import Workers

/// What SIGHUP and `roost reload` do: reads the configuration again, opens log files anew, and has a new generation of
/// workers take over.
///
/// Of the configuration, what the workers are made with changes at once, with them; the rest belongs to the front, and
/// a change there is said in the log and waits for a restart. May be called from any thread.
final class Reloader: Sendable {
    /// The options that a reload can change.
    static let changeable: Set<String> = [
        "target", "app-dir", "python", "processes", "threads", "startup-timeout", "graceful-timeout", "drain-timeout",
        "max-threads", "max-requests", "max-requests-jitter", "max-rss", "max-lifetime", "queue-limit", "config",
        "preload", "interface", "concurrency", "event-loop", "script-arguments",
    ]

    private let arguments: [String]
    private let isAttached: Bool
    private let launched: Launched
    private let front: FrontServer
    private let logger: Logger
    private let reopenLogs: @Sendable () -> Void
    private let running: Mutex<ResolvedConfiguration>

    /// Creates the reloader of a server that was started with `resolved`.
    ///
    /// - Parameters:
    ///   - resolved: What the server runs with.
    ///   - arguments: The command line, which is read again.
    ///   - isAttached: Whether the app serves itself, and so cannot be reloaded.
    ///   - launched: What the process was started with.
    ///   - front: The server.
    ///   - logger: Says what changed, and what could not.
    ///   - reopenLogs: Opens log files anew.
    init(
        _ resolved: ResolvedConfiguration,
        arguments: [String],
        isAttached: Bool,
        launched: Launched,
        front: FrontServer,
        logger: Logger,
        reopenLogs: @escaping @Sendable () -> Void
    ) {
        self.arguments = arguments
        self.isAttached = isAttached
        self.launched = launched
        self.front = front
        self.logger = logger
        self.reopenLogs = reopenLogs
        running = Mutex(resolved)
    }

    /// The configuration that counts now.
    var configuration: ServerConfiguration { running.withLock(\.configuration) }

    /// Opens log files anew, and changes nothing else.
    func openLogsAnew() { reopenLogs() }

    /// Reloads.
    ///
    /// - Throws: `ConfigurationError` when the configuration is wrong now, `StartupFailure` when a new worker cannot
    ///   start. In both cases all goes on as before, and the log says why.
    func reload() async throws {
        reopenLogs()
        let resolved: ResolvedConfiguration
        do {
            resolved = try ConfigurationLoader.load(
                arguments: arguments,
                environment: Surroundings.environment,
                directory: Surroundings.directory,
                requiresTarget: !isAttached
            )
        } catch {
            logger.error(
                "the configuration is wrong; nothing was reloaded, and the server goes on",
                metadata: ["error": "\(error.description)"]
            )
            throw error
        }
        let before = running.withLock { $0 }
        for option in OptionTable.all {
            let (old, new) = (before.text(of: option), resolved.text(of: option))
            guard old != new, !Self.changeable.contains(option.name) else { continue }
            logger.warning(
                "a changed setting needs a restart",
                metadata: ["setting": "\(option.name)", "value": "\(new)", "running": "\(old)"]
            )
        }
        let next = before.taking(Self.changeable, from: resolved)
        try await front.reload(next.configuration.workers(launched, version: Roost.version)).get()
        try await front.setQueueLimit(next.configuration.queue.limit).get()
        running.withLock { $0 = next }
    }
}
