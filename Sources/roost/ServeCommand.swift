internal import Admin
internal import Front
internal import Glibc
internal import HTTPCodec
internal import LogSink
internal import Logging
internal import NIOCore
internal import RoostConfiguration
internal import Service
internal import Synchronization
internal import Telemetry
internal import Workers

/// `roost serve`: wires the parts, runs until a signal, drains.
struct ServeCommand {
    private let arguments: [String]
    /// The socket of the process that serves itself: `roost.serve(app)` starts us with `--attach FD`.
    private let attachment: Int32?
    /// Whether the app is only to be tried.
    private let isCheck: Bool

    init(arguments: [String]) {
        var arguments = arguments
        isCheck = ServeCheck.take(from: &arguments)
        if let index = arguments.firstIndex(of: "--attach"), index + 1 < arguments.count {
            attachment = Int32(arguments[index + 1])
            // The process that serves itself is the one worker.
            arguments.replaceSubrange(index...(index + 1), with: ["--processes", "1"])
        } else {
            attachment = nil
        }
        self.arguments = arguments
    }

    /// Returns the exit status.
    func run() -> Int32 {
        if HelpPage.isAskedFor(by: arguments) {
            print(HelpPage.text(command: "serve"))
            return ExitStatus.success
        }
        Signals.block()
        let environment = Surroundings.environment
        // From here on the environment has nothing in it that is for the front alone.
        let launch = Launch(arguments: Surroundings.argumentBytes, directory: Surroundings.directory)
        var inheritance: Inheritance?
        do {
            let variables = try ServiceVariables(environment: environment, pid: getpid())
            inheritance = try variables.predecessor.map { descriptor throws(ServiceError) in
                try Inheritance(over: descriptor)
            }
            let limit = Surroundings.raiseDescriptorLimit()
            try ResourceLimits.current.check()
            let resolved = try ConfigurationLoader.load(
                arguments: arguments,
                environment: Surroundings.environment,
                directory: Surroundings.directory,
                requiresTarget: attachment == nil
            )
            if attachment != nil, resolved.configuration.workers.preloadsApp {
                Terminal.error(
                    "preload is for `roost serve`: a program that calls roost.serve has imported its app already, and is "
                        + "the only worker. Try: no preload in \(resolved.origins["preload"].map { "\($0)" } ?? "its options")"
                )
                return ExitStatus.usage
            }
            return try serve(
                resolved,
                Launched(
                    installation: try Installation(),
                    launch: launch,
                    variables: variables,
                    inheritance: inheritance,
                    descriptorLimit: inheritance?.descriptorLimit ?? limit
                )
            )
        } catch {
            inheritance?.announceFailure("\(error)")
            Terminal.error("\(error)")
            return error is ConfigurationError ? ExitStatus.usage : ExitStatus.failure
        }
    }

    private func serve(_ resolved: ResolvedConfiguration, _ launched: Launched) throws -> Int32 {
        let configuration = resolved.configuration
        let format = configuration.logging.handlerFormat
        let log = try BoundedLogWriter(
            to: .descriptor(2),
            // Room for one line of the app that is as long as one may be, with every byte of it escaped.
            capacity: 8 << 20,
            noticeLine: RoostLogHandler.noticeLine(format)
        )
        defer { _ = log.stop(within: .seconds(2)) }
        let isTerminal = isatty(2) == 1
        let isColoured = isTerminal && Surroundings.environment["NO_COLOR", default: ""].isEmpty
        let app = AppLog(writer: log, form: configuration.logging.appForm(isTerminal: isTerminal))
        let logger = Logger(label: "roost") { _ in
            RoostLogHandler(
                writer: log,
                format: format,
                logLevel: configuration.logging.loggerLevel,
                isColoured: isColoured
            )
        }
        if isCheck {
            return try ServeCheck(configuration: configuration, launched: launched, logger: logger).run {
                app.write($0)
            }
        }
        for reason in resolved.reasons where attachment == nil { logger.info("\(reason)") }
        let place = try Place(resolved, launched.variables, launched.inheritance)
        // As the user that the process has become.
        let access = try AccessLog(configuration.logging)
        defer { access?.stop() }
        for warning in place.warnings where attachment == nil { logger.warning("\(warning)") }

        var pool = configuration.workers(launched, version: Roost.version)
        if let attachment { pool.source = .attached(socket: attachment) }
        var front = try configuration.front()
        front.sockets = place.sockets
        if attachment == nil { front.threadNotes = resolved.threadReasons }
        try front.checkSpoolDirectory()
        let server = FrontServer(
            configuration: front,
            workers: pool,
            warmUp: .init(
                path: configuration.application.warmUpPath,
                isDefault: resolved.origins["warm-up"] == nil,
                host: configuration.application.warmUpHost
            ),
            logger: logger,
            accessLog: access.map { access in { access.write($0) } },
            appLog: { app.write($0) }
        )
        let reloader = Reloader(
            resolved,
            arguments: arguments,
            isAttached: attachment != nil,
            launched: launched,
            front: server,
            logger: logger,
            reopenLogs: {
                log.reopen()
                access?.reopen()
            }
        )
        return try Server(
            configuration: configuration,
            launched: launched,
            place: place,
            target: attachment == nil ? pool.target : nil,
            front: server,
            reloader: reloader,
            development: development(configuration, server, logger),
            log: log,
            droppedAccessLines: { access?.droppedLines ?? 0 },
            logger: logger
        ).run()
    }

    /// What follows the code; nil when nothing is to.
    private func development(
        _ configuration: ServerConfiguration,
        _ front: FrontServer,
        _ logger: Logger
    ) -> DevelopmentReload? {
        guard configuration.development.reloads else { return nil }
        guard attachment == nil else {
            logger.warning("reload is ignored: an app that serves itself can't be started again from here")
            return nil
        }
        for address in configuration.listeners where !address.isLocal {
            logger.warning(
                "reload is for development, and shows tracebacks to whoever asks: \(address) is open to other machines"
            )
        }
        return DevelopmentReload(configuration, front: front, logger: logger)
    }
}

/// What the process was started with, besides its configuration.
struct Launched: Sendable {
    /// The files that go with the executable.
    let installation: Installation
    /// What it takes to start this process once more.
    let launch: Launch
    /// What the service manager said.
    let variables: ServiceVariables
    /// What the server has to give that this one replaces.
    let inheritance: Inheritance?
    /// The soft limit of open files before it was raised.
    let descriptorLimit: UInt64
    /// What all workers sign with, whichever generation they are of: 64 hexadecimal digits.
    let secret = (0..<64).map { _ in String(UInt8.random(in: 0..<16), radix: 16) }.joined()
}

/// The access log: its own writer, so that it cannot crowd out the log of errors.
final class AccessLog: Sendable {
    private let writer: BoundedLogWriter
    private let format: AccessLogLine.Format

    /// Creates it; nil when it is off.
    ///
    /// - Throws: `LogSinkError` when its file can't be opened.
    init?(_ configuration: ServerConfiguration.Logging) throws(LogSinkError) {
        switch configuration.accessLog {
        case .off: return nil
        case .text: format = .text
        case .json: format = .json
        }
        switch configuration.accessLogDestination {
        case .standardOutput: writer = try BoundedLogWriter(to: .descriptor(1))
        // Names of what is open already, which another user may not be able to open once more.
        case .file("/dev/stdout"): writer = try BoundedLogWriter(to: .descriptor(1))
        case .file("/dev/stderr"): writer = try BoundedLogWriter(to: .descriptor(2))
        case .file(let path): writer = try BoundedLogWriter(to: .file(path: path))
        }
    }

    /// Takes a line.
    ///
    /// Never blocks.
    func write(_ line: AccessLogLine) {
        writer.write(line.rendered(as: format))
    }

    /// Opens its file anew, as after a rotation.
    func reopen() { writer.reopen() }

    /// Lines that were not taken, or could not be written.
    var droppedLines: UInt64 { writer.droppedLines }

    /// Writes what is left.
    func stop() {
        _ = writer.stop(within: .seconds(2))
    }
}
