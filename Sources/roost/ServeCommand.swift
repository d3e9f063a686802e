internal import Admin
internal import Front
internal import Glibc
internal import HTTPCodec
internal import LogSink
internal import Logging
internal import NIOCore
internal import RoostConfiguration
internal import Synchronization
internal import Telemetry
internal import Workers

/// `roost serve`: wires the parts, runs until a signal, drains.
struct ServeCommand {
    private let arguments: [String]
    /// The socket of the process that serves itself: `roost.serve(app)` starts us with `--attach FD`.
    private let attachment: Int32?

    init(arguments: [String]) {
        var arguments = arguments
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
        Surroundings.raiseDescriptorLimit()
        let resolved: ResolvedConfiguration
        let installation: Installation
        do {
            resolved = try ConfigurationLoader.load(
                arguments: arguments,
                environment: Surroundings.environment,
                directory: Surroundings.directory,
                requiresTarget: attachment == nil
            )
        } catch {
            Terminal.error(error.description)
            return ExitStatus.usage
        }
        do {
            installation = try Installation()
            return try serve(resolved, installation)
        } catch {
            Terminal.error("\(error)")
            return ExitStatus.failure
        }
    }

    private func serve(_ resolved: ResolvedConfiguration, _ installation: Installation) throws -> Int32 {
        let configuration = resolved.configuration
        let format = configuration.logging.handlerFormat
        let log = try BoundedLogWriter(to: .descriptor(2), noticeLine: RoostLogHandler.noticeLine(format))
        defer { _ = log.stop(within: .seconds(2)) }
        let logger = Logger(label: "roost") { _ in
            RoostLogHandler(writer: log, format: format, logLevel: configuration.logging.loggerLevel)
        }
        let access = try AccessLog(configuration.logging)
        defer { access?.stop() }
        for reason in resolved.reasons where attachment == nil { logger.info("\(reason)") }

        var pool = configuration.workers(installation, version: Roost.version)
        if let attachment { pool.source = .attached(socket: attachment) }
        let target = attachment == nil ? pool.target : "an app that serves itself"
        let frontConfiguration = try configuration.front()
        try frontConfiguration.checkSpoolDirectory()
        let front = FrontServer(
            configuration: frontConfiguration,
            workers: pool,
            warmUpPath: configuration.application.warmUpPath,
            logger: logger,
            accessLog: access.map { access in { access.write($0) } }
        )
        let failure = Mutex<StartupFailure?>(nil)
        let addresses = try front.start { reason in
            failure.withLock { $0 = reason }
            Signals.wake()
        }
        let admin = AdminServer(configuration: configuration.admin(), logger: logger) {
            (try? await front.snapshot(
                version: Roost.version,
                target: target,
                droppedLogLines: log.droppedLines + (access?.droppedLines ?? 0)
            ))
                ?? MetricsSnapshot(version: Roost.version, server: ServerMetrics(refusalCauses: []))
        }
        let control = Task.detached {
            do {
                try await admin.run()
            } catch {
                logger.error(
                    "the admin does not listen; the app is served all the same",
                    metadata: ["error": "\(error)"]
                )
            }
        }
        for address in addresses {
            logger.info(
                "serving \(target) on \(address.url ?? address.description) with \(pool.processes) x \(pool.threads) threads"
            )
        }

        let number = Signals.wait()
        if let failure = failure.withLock({ $0 }) {
            _ = log.flush(within: .seconds(2))
            Terminal.error(failure.description)
            return ExitStatus.failure
        }
        logger.info("draining", metadata: ["signal": "\(number == SIGINT ? "SIGINT" : "SIGTERM")"])
        // The impatient send a second one.
        startImpatience()
        try front.drain(within: configuration.workers.gracefulTimeout).wait()
        logger.info("drained")
        admin.removeSocketFile()
        control.cancel()
        return ExitStatus.success
    }

    private func startImpatience() {
        var thread = pthread_t()
        pthread_create(
            &thread,
            nil,
            { _ in
                let began = ContinuousClock.now
                // Some senders signal a process and its group at once: that is one wish, not two.
                repeat { _ = Signals.wait() } while ContinuousClock.now - began < .seconds(1)
                _exit(ExitStatus.failure)
            },
            nil
        )
    }
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
        case .file(let path): writer = try BoundedLogWriter(to: .file(path: path))
        }
    }

    /// Takes a line.
    ///
    /// Never blocks.
    func write(_ line: AccessLogLine) {
        writer.write(line.rendered(as: format))
    }

    /// Lines that were not taken, or could not be written.
    var droppedLines: UInt64 { writer.droppedLines }

    /// Writes what is left.
    func stop() {
        _ = writer.stop(within: .seconds(2))
    }
}
