internal import Logging
public import NIOCore
internal import RequestQueue
internal import WorkerLink

// Changes that are asked for while the pool serves.
extension WorkerPool {
    /// A reload that has begun, or waits for the one before it.
    struct Reload {
        /// Nil: what the workers that serve then are made with.
        var configuration: WorkerPoolConfiguration?
        /// Whether whoever asked tells people of it.
        var isQuiet: Bool
        let promise: EventLoopPromise<Void>
    }

    /// Starts a whole new generation beside the one that serves, which takes over when all of it is ready; the old
    /// workers finish what they have, within the drain timeout.
    ///
    /// What is asked for during a reload begins when that is over, once for all who asked; the last configuration that
    /// was given counts.
    ///
    /// - Parameters:
    ///   - configuration: What the new workers are made with; nil for what the present ones are.
    ///   - isQuiet: Whether the caller tells people what comes of it, and the log is spared.
    /// - Returns: Succeeds when the new generation has taken over. Fails with a ``StartupFailure`` when one of its
    ///   workers cannot start, or the pool drains; the old generation goes on untouched.
    public func reload(
        with configuration: WorkerPoolConfiguration? = nil,
        isQuiet: Bool = false
    ) -> EventLoopFuture<Void> {
        eventLoop.preconditionInEventLoop()
        guard state.phase == .running else {
            return eventLoop.makeFailedFuture(
                StartupFailure(.draining, title: "nothing was reloaded", reason: "the server does not serve")
            )
        }
        guard state.replacesWorkers else {
            return eventLoop.makeFailedFuture(
                StartupFailure(
                    .unsupported,
                    title: "nothing was reloaded",
                    reason: "the app runs in the process that called roost.serve, which cannot be replaced",
                    hint: "start that process again, or serve the app with roost serve"
                )
            )
        }
        if currentReload != nil {
            if nextReload == nil {
                nextReload = Reload(
                    configuration: configuration,
                    isQuiet: isQuiet,
                    promise: eventLoop.makePromise()
                )
            } else {
                if let configuration { nextReload?.configuration = configuration }
                if !isQuiet { nextReload?.isQuiet = false }
            }
            return nextReload.map(\.promise.futureResult) ?? eventLoop.makeSucceededVoidFuture()
        }
        let reload = Reload(configuration: configuration, isQuiet: isQuiet, promise: eventLoop.makePromise())
        begin(reload)
        settle()
        return reload.promise.futureResult
    }

    /// A boolean value indicating whether a new generation is being started.
    public var isReloading: Bool { currentReload != nil }

    private func begin(_ reload: Reload) {
        currentReload = reload
        comingConfiguration = reload.configuration ?? configuration
        comingTemplate = comingConfiguration.flatMap { makeTemplate(of: $0) }
        guard state.reload(processes: comingConfiguration?.processes ?? 1, at: now) else {
            return endReload(
                .failure(StartupFailure(.draining, title: "nothing was reloaded", reason: "the server drains"))
            )
        }
        logger.log(
            level: reload.isQuiet ? .debug : .notice,
            "reloading",
            metadata: ["generation": "\(state.generation + 1)", "processes": "\(comingConfiguration?.processes ?? 1)"]
        )
        startDue()
    }

    /// The reload under way is over; the one that waits begins, after the loop's other work.
    func endReload(_ result: Result<Void, StartupFailure>) {
        guard let reload = currentReload else { return }
        currentReload = nil
        switch result {
        case .success:
            logger.log(
                level: reload.isQuiet ? .debug : .notice,
                "reloaded",
                metadata: ["generation": "\(state.generation)"]
            )
        case .failure(let failure):
            logger.log(
                level: reload.isQuiet ? .debug : .error,
                "reload failed; the workers before it go on",
                metadata: ["failure": "\(failure)"]
            )
        }
        comingConfiguration = nil
        dismissTemplate(\.comingTemplate)
        reload.promise.completeWith(result.mapError { $0 as any Error })
        guard let next = nextReload else { return }
        nextReload = nil
        if case .failure(let failure) = result, failure.code == .draining {
            next.promise.fail(failure)
        } else {
            begin(next)
        }
    }

    /// How many workers there are to be, P.
    public var processes: Int { configuration.processes }
    /// How many threads each worker has, T.
    public var threads: Int { configuration.threads }
    /// Whether the app is known to be ASGI.
    public var isASGI: Bool {
        configuration.interface == .asgi || workers.values.contains { $0.introduction?.interface == .asgi }
    }
    /// The most processes there can be.
    public static let greatestProcesses = 256

    /// Changes how many workers of how many threads there are; nil leaves a number as it is.
    ///
    /// New workers are started in the background; those of the highest numbers finish what they have and leave.
    ///
    /// - Throws: ``StartupFailure`` when a number is out of range, which its reason says; then nothing has changed.
    public func scale(processes: Int?, threads: Int?) throws(StartupFailure) {
        eventLoop.preconditionInEventLoop()
        let most = state.replacesWorkers ? Self.greatestProcesses : 1
        if let processes, !(1...most).contains(processes) {
            throw Self.outOfRange("processes", processes, 1...most, nil)
        }
        if let threads, !(1...configuration.lanes).contains(threads) {
            throw Self.outOfRange(
                "threads",
                threads,
                1...configuration.lanes,
                "a higher max-threads, and a reload"
            )
        }
        guard state.phase == .running else {
            throw StartupFailure(.draining, title: "nothing was scaled", reason: "the server does not serve")
        }
        if threads != nil, isASGI {
            throw StartupFailure(
                .unsupported,
                title: "nothing was scaled",
                reason: "the app is ASGI: each worker runs one event loop, and no threads",
                hint: "more processes; or another concurrency, and a reload"
            )
        }
        if let processes { configuration.processes = processes }
        if let threads {
            configuration.threads = threads
            if let coming = comingConfiguration { comingConfiguration?.threads = min(threads, coming.lanes) }
        }
        logger.notice(
            "scaled",
            metadata: ["processes": "\(configuration.processes)", "threads": "\(configuration.threads)"]
        )
        if let processes {
            comingConfiguration?.processes = processes
            perform(state.scale(to: processes, at: now))
        }
        if threads != nil {
            for worker in workers.values { adjustThreads(of: worker) }
        }
        startDue()
        settle()
    }

    private static func outOfRange(
        _ name: String,
        _ value: Int,
        _ range: ClosedRange<Int>,
        _ hint: String?
    ) -> StartupFailure {
        StartupFailure(
            .unsupported,
            title: "nothing was scaled",
            reason: "\(name) \(value) is not between \(range.lowerBound) and \(range.upperBound)",
            hint: hint
        )
    }

    /// Has a worker use as many threads as there are to be, and start those it does not have yet.
    func adjustThreads(of worker: Worker) {
        guard worker.introduction?.interface != .asgi else { return }
        let wanted = min(configuration(of: worker).threads, worker.link.lanes.count)
        let limit = min(wanted, worker.startedThreads)
        if wanted > worker.startedThreads, worker.isHeard {
            worker.control.send(FlatJSON.text([("type", .string("threads")), ("count", .integer(wanted))]))
        }
        guard limit != worker.threads else { return }
        worker.threads = limit
        if worker.isReady { delegate?.workerThreadsChanged(worker) }
    }

    /// What a worker is made with.
    func configuration(of worker: Worker) -> WorkerPoolConfiguration {
        worker.generation > state.generation ? comingConfiguration ?? configuration : configuration
    }
}
