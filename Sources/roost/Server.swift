internal import Admin
internal import Front
internal import Glibc
internal import LogSink
internal import Logging
internal import NIOCore
internal import RoostConfiguration
internal import Service
internal import Synchronization
internal import Telemetry
internal import Workers

/// The running server: the front, the admin, and the process around them, from start to end.
final class Server: Sendable {
    private let configuration: ServerConfiguration
    private let launched: Launched
    private let place: Place
    /// The app; nil for one that serves itself.
    private let target: String?
    private let front: FrontServer
    private let reloader: Reloader
    /// What follows the code while it is being written; nil when nothing does.
    private let development: DevelopmentReload?
    private let log: BoundedLogWriter
    private let droppedAccessLines: @Sendable () -> UInt64
    private let logger: Logger
    private let endings = Endings()
    private let impatience = Impatience()
    private let manager: ServiceManager
    private let upgrade: Upgrade
    private let admin = Mutex<AdminServer?>(nil)

    /// What is served, for people.
    private var name: String { target ?? "an app that serves itself" }

    /// How long idle connections may bring one more request where others go on listening.
    private static let idleGrace: Duration = .seconds(1)

    init(
        configuration: ServerConfiguration,
        launched: Launched,
        place: Place,
        target: String?,
        front: FrontServer,
        reloader: Reloader,
        development: DevelopmentReload?,
        log: BoundedLogWriter,
        droppedAccessLines: @escaping @Sendable () -> UInt64,
        logger: Logger
    ) {
        self.configuration = configuration
        self.launched = launched
        self.place = place
        self.target = target
        self.front = front
        self.reloader = reloader
        self.development = development
        self.log = log
        self.droppedAccessLines = droppedAccessLines
        self.logger = logger
        manager = ServiceManager(launched.variables, isMuted: launched.inheritance != nil)
        upgrade = Upgrade(
            launch: launched.launch,
            descriptorLimit: launched.descriptorLimit,
            front: front,
            manager: manager,
            endings: endings,
            logger: logger,
            startupTimeout: configuration.workers.startupTimeout
        )
    }

    /// Serves until something ends it; for the main thread.
    ///
    /// - Returns: The exit status.
    /// - Throws: `FrontError` when an address cannot be listened on.
    func run() throws -> Int32 {
        manager.starting(within: configuration.workers.startupTimeout + .seconds(10))
        development?.begin()
        let isFirst = launched.inheritance == nil
        _ = try front.start(accepts: isFirst) { [endings, development, isFirst] failure in
            // While code is being written, it may yet become better; another server is not replaced by hope.
            if isFirst, let development { return development.startFailed(failure) }
            endings.end(.failed(failure.description))
        }
        watch()
        if isFirst { startAdmin(replacing: false, onListening: {}) }
        logger.info("starting \(name) with \(configuration.size)")
        return try end(endings.wait { [self] number, meaning in take(number, meaning) })
    }

    // MARK: While it serves

    /// Has the front look after what is due: readiness and the service manager.
    private func watch() {
        let wanted = launched.inheritance == nil ? 1 : configuration.workers.processes
        front.observe(every: .milliseconds(100)) { [self] reading in
            guard reading.readyWorkers >= wanted else { return true }
            Thread.start { [self] in becameReady() }
            return false
        }
        if manager.isPresent {
            front.observe(every: manager.interval) { [manager] reading in
                manager.look(at: reading)
                return true
            }
        }
    }

    /// The first worker is ready; all are, where another server is to be replaced.
    private func becameReady() {
        for address in front.listeningSockets().map(\.address) {
            logger.info("serving \(name) on \(address.url ?? address.description)")
        }
        guard let inheritance = launched.inheritance else { return publishPidFile() }
        guard inheritance.announceReady() else {
            endings.end(.failed("the server that was to be replaced does not answer"))
            return
        }
        front.accept()
        manager.takeOver()
        publishPidFile()
        let isSaid = Mutex(false)
        let sayTaken: @Sendable () -> Void = {
            let isFirst = isSaid.withLock { said in
                defer { said = true }
                return !said
            }
            if isFirst { inheritance.announceTaken() }
        }
        startAdmin(replacing: true, onListening: sayTaken)
        // Without an admin, or with one that cannot listen, it has taken over all the same.
        if configuration.admin.socket == nil { sayTaken() }
        sleep(3)
        sayTaken()
    }

    private func publishPidFile() {
        do {
            try place.pidFile?.publish()
        } catch {
            logger.error("the pid file is not written", metadata: ["error": "\(error)"])
        }
    }

    private func startAdmin(replacing: Bool, onListening: @escaping @Sendable () -> Void) {
        var settings = configuration.admin()
        settings.replacesRunningServer = replacing
        let watch = AdminWatch()
        let server = AdminServer(
            configuration: settings,
            logger: logger,
            control: control,
            onListening: { address in
                watch.settle()
                if address.hasPrefix("unix:") { onListening() }
            },
            snapshot: { [front, name, log, droppedAccessLines] in
                (try? await front.snapshot(
                    version: Roost.version,
                    target: name,
                    droppedLogLines: log.droppedLines + droppedAccessLines()
                ))
                    ?? MetricsSnapshot(version: Roost.version, server: ServerMetrics(refusalCauses: []))
            }
        )
        admin.withLock { $0 = server }
        if settings.socketPath != nil || settings.tcp != nil { observe(watch) }
        Task.detached { [logger] in
            do {
                try await server.run()
            } catch {
                watch.settle()
                logger.error(
                    "the admin does not listen; the app is served all the same",
                    metadata: ["error": "\(error)"]
                )
            }
        }
    }

    /// Says when the admin has not begun to listen; on the front's loop, which needs no further thread.
    private func observe(_ watch: AdminWatch) {
        front.observe(every: .seconds(1)) { [logger] _ in
            let (again, isOverdue) = watch.look()
            if isOverdue {
                logger.error(
                    "the admin has not begun to listen; the app is served all the same",
                    metadata: ["after": "\(AdminWatch.patience) s", "see": "limits of processes (ulimit -a)"]
                )
            }
            return again
        }
    }

    // MARK: What is asked of it

    private var control: ControlActions {
        ControlActions(
            reload: { [self] in await unlessEnding { await reload() } },
            scale: { [self] processes, threads in await unlessEnding { await scale(processes, threads) } },
            stop: { [self] in
                // The answer goes first.
                Task.detached { [endings] in
                    try? await Task.sleep(for: .milliseconds(50))
                    endings.end(.asked)
                }
                let seconds = Int(reloader.configuration.workers.gracefulTimeout.components.seconds)
                return ControlAnswer(
                    .done,
                    "process \(getpid()) drains, for at most \(seconds) s",
                    numbers: ["pid": Int(getpid()), "seconds": seconds]
                )
            },
            upgrade: { [self] binary in
                guard target != nil else {
                    return ControlAnswer(.conflict, "the app serves itself, in the process that called roost.serve")
                }
                return await unlessEnding { await upgrade.perform(binary) }
            }
        )
    }

    /// Does what a signal asks for that does not end the server.
    private func take(_ number: Int32, _ meaning: SignalMeaning) {
        switch meaning {
        case .end: break
        case .reload: Task.detached { [self] in _ = await unlessEnding { await reload() } }
        case .reopenLogs:
            reloader.openLogsAnew()
            logger.info("log files are opened anew", metadata: ["because": "\(SignalMeaning.name(of: number))"])
        case .passedOver:
            let isScale = number == SIGTTIN || number == SIGTTOU
            logger.warning(
                "a signal is passed over: it asks for nothing that the server does",
                metadata: [
                    "signal": "\(SignalMeaning.name(of: number))",
                    "try": isScale ? "roost scale --processes P" : "SIGTERM to drain, SIGHUP to reload",
                ]
            )
        }
    }

    private func unlessEnding(_ action: () async -> ControlAnswer) async -> ControlAnswer {
        endings.hasBegun ? ControlAnswer(.conflict, "the server drains") : await action()
    }

    private func reload() async -> ControlAnswer {
        guard target != nil else {
            return ControlAnswer(
                .conflict,
                "the app serves itself, in the process that called roost.serve: restart that"
            )
        }
        manager.reloading()
        defer { manager.reloaded() }
        do {
            try await reloader.reload()
            return ControlAnswer(.done, "reloaded: the new workers serve, the old ones finish what they have")
        } catch {
            return ControlAnswer(.failed, "the reload failed; the old workers go on serving\n\(error)")
        }
    }

    private func scale(_ processes: Int?, _ threads: Int?) async -> ControlAnswer {
        do {
            let size = try await front.scale(processes: processes, threads: threads).get()
            return ControlAnswer(
                .done,
                size.isASGI ? "\(size.processes) event loops" : "\(size.processes) x \(size.threads) threads",
                numbers: ["processes": size.processes, "threads": size.threads]
            )
        } catch {
            return ControlAnswer(.refused, "\(error)")
        }
    }

    // MARK: The end

    private func end(_ ending: Ending) throws -> Int32 {
        defer { place.pidFile?.remove() }
        upgrade.stop()
        switch ending {
        case .failed(let failure):
            launched.inheritance?.announceFailure(failure)
            _ = log.flush(within: .seconds(2))
            Terminal.error(failure)
            admin.withLock { $0 }?.removeSocketFile()
            return ExitStatus.failure
        case .signal, .asked, .replaced: break
        }
        let timeout = reloader.configuration.workers.gracefulTimeout
        let left = front.unfinished()
        var isInterrupt = false
        if case .signal(SIGINT) = ending { isInterrupt = true }
        let notice = DrainNotice(
            requests: left.requests,
            sockets: left.sockets,
            limit: timeout,
            isInterrupt: isInterrupt
        )
        logger.info("\(notice.text)", metadata: ["because": "\(ending.reason)"])
        manager.stopping(within: timeout + .seconds(15))
        // The impatient send a second one.
        impatience.begin(within: timeout + .seconds(15))
        var isReplaced = false
        if case .replaced = ending {
            isReplaced = true
            let admin = admin.withLock { $0 }
            Task.detached {
                // The new process waits for the address, and whoever asked for it waits for the answer.
                try? await Task.sleep(for: .milliseconds(200))
                await admin?.stop()
            }
        }
        let othersListen = isReplaced || place.sockets.contains { $0.isKept }
        try front.drain(
            within: timeout,
            idleGrace: othersListen ? min(Self.idleGrace, timeout) : .zero,
            leavesFiles: isReplaced
        ).wait()
        logger.info("drained")
        admin.withLock { $0 }?.removeSocketFile()
        return ExitStatus.success
    }
}
