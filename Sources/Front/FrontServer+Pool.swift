public import NIOCore
internal import RequestQueue
internal import Sessions
internal import Telemetry
public import Workers

/// How many workers of how many threads there are to be.
public struct ScaleOutcome: Sendable, Equatable {
    /// Worker processes, P.
    public var processes: Int
    /// Threads of each worker, T.
    public var threads: Int
    /// Whether the app is ASGI, whose workers run one event loop each: then the threads are not used.
    public var isASGI = false
}

// What an operator may ask of the workers while they serve. Every function may be called from anywhere.
extension FrontServer {
    /// Starts a whole new generation of workers beside the one that serves, and lets it take over when all of it is
    /// ready; the old workers finish what they have, within the drain timeout.
    ///
    /// One reload at a time: what is asked for during one is begun when that is over, once for all who asked.
    ///
    /// - Parameters:
    ///   - workers: What the new workers are made with; nil for what the present ones were.
    ///   - isQuiet: Whether the caller tells people what comes of it, and the log is spared.
    /// - Returns: Succeeds when the new generation has taken over. Fails with a ``StartupFailure`` when one of its
    ///   workers cannot start; then the old generation goes on untouched.
    public func reload(_ workers: WorkerPoolConfiguration?, isQuiet: Bool = false) -> EventLoopFuture<Void> {
        loop.flatSubmit { [self] in
            let reload = pool.reload(with: workers, isQuiet: isQuiet)
            reload.whenComplete { [self] result in
                if case .success = result { dispatcher.metrics.reloaded() } else { dispatcher.metrics.reloadFailed() }
            }
            return reload
        }
    }

    /// Changes how many workers of how many threads there are, live.
    ///
    /// New workers are started in the background; those of the highest numbers leave when they have answered what they
    /// have. Threads end nothing: those beyond the number sleep.
    ///
    /// - Parameters:
    ///   - processes: P; nil leaves it as it is.
    ///   - threads: T; nil leaves it as it is.
    /// - Returns: What there will be. Fails with a ``StartupFailure`` that says the range of what is out of it.
    public func scale(processes: Int?, threads: Int?) -> EventLoopFuture<ScaleOutcome> {
        loop.submit { [self] in
            try pool.scale(processes: processes, threads: threads)
            return ScaleOutcome(processes: pool.processes, threads: pool.threads, isASGI: pool.isASGI)
        }
    }

    /// Changes how many requests may wait; those that wait already stay.
    public func setQueueLimit(_ limit: Int) -> EventLoopFuture<Void> {
        loop.submit { [self] in dispatcher.queue.setLimit(limit) }
    }

    /// Fills in what there is to say of the workers.
    func describePool(in snapshot: inout MetricsSnapshot, at now: Instant) {
        snapshot.configuredWorkers = pool.processes
        snapshot.generation = pool.generation
        snapshot.isReloading = pool.isReloading
        snapshot.lastWorkerEnd = events.lastEnd
        let sessions = dispatcher.sticky.router?.table
        snapshot.sessions = sessions.map { table in
            MetricsSnapshot.Sessions(
                known: table.count,
                movedFromEnded: table.movedFromEnded,
                movedFromLeaving: table.movedFromLeaving
            )
        }
        snapshot.workers = pool.report.map { entry in
            guard let worker = entry.worker else {
                return MetricsSnapshot.Worker(
                    id: entry.index + 1,
                    state: "waiting",
                    isReady: false,
                    threads: pool.threads,
                    generation: pool.generation
                )
            }
            var picture = MetricsSnapshot.Worker(
                id: worker.index + 1,
                pid: worker.pid > 0 ? worker.pid : nil,
                state: worker.stateName,
                isReady: worker.isReady,
                threads: dispatcher.seat(worker.id).flatMap { $0.isLoop ? $0.slots : nil } ?? worker.threads,
                isASGI: worker.introduction?.interface == .asgi,
                busyThreads: dispatcher.queue.busyThreads(of: worker.id) ?? 0,
                sessions: sessions?.sessions(of: worker.id),
                requests: dispatcher.seat(worker.id)?.served ?? 0,
                webSockets: dispatcher.seat(worker.id)?.sockets.count ?? 0,
                uptime: now.since(worker.startedAt).duration,
                generation: worker.generation,
                role: entry.role.rawValue
            )
            picture.appPools = worker.appPools.map {
                .init(name: $0.kind.rawValue, threads: $0.threads, busy: $0.busy, waiting: $0.waiting)
            }
            return picture
        }
    }
}
