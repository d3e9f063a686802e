internal import Glibc
internal import HTTPCodec
public import Logging
public import NIOCore
internal import NIOPosix
internal import RequestQueue
public import Telemetry
internal import WorkerLink
public import Workers

// @unchecked: everything mutable is touched on `loop` only; the constants are set before the first event.
/// The front door: listeners, the one queue, and the workers behind it, all on one event loop.
///
/// One loop needs no lock on the path that every request takes, and keeps the queue's order exact. The public functions
/// may be called from anywhere; what they do happens on the loop.
public final class FrontServer: @unchecked Sendable {
    private let group: MultiThreadedEventLoopGroup
    let loop: any EventLoop
    let logger: Logger
    let core: FrontCore
    let dispatcher: Dispatcher
    let pool: WorkerPool
    let listeners: ListenerGroup
    let events: WorkerEvents
    private var notice = OverloadNotice()
    private let started = MonotonicClock.now()
    private var isDraining = false
    private var lastSweep = Instant(nanoseconds: 0)
    var memory = MemoryReturn(at: MonotonicClock.now())

    /// Creates the front.
    ///
    /// Nothing happens before ``start(onFailure:)``.
    ///
    /// - Parameters:
    ///   - configuration: What the front itself needs to know.
    ///   - workers: The workers to keep.
    ///   - warmUp: What each new worker is asked once, alone, before traffic.
    ///   - logger: Takes what there is to say; must not block.
    ///   - accessLog: Takes the lines of the access log; called on the loop, must not block.
    ///   - appLog: Takes the app's own lines; called on the loop, must not block.
    public init(
        configuration: FrontConfiguration,
        workers: WorkerPoolConfiguration,
        warmUp: FrontConfiguration.WarmUp,
        logger: Logger,
        accessLog: ((AccessLogLine) -> Void)?,
        appLog: @escaping (AppLine) -> Void
    ) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        loop = group.next()
        self.logger = logger
        let causes =
            RefusalCause.allCases.map(\.rawValue) + Refusal.Cause.allCases.map(\.rawValue)
            + ["head_timeout", "body_timeout", "write_stall"] + WebSocketConnection.causes
        let repeats = configuration.requests.retriesSafeRequests && workers.source.replacesWorkers
        dispatcher = Dispatcher(
            loop: loop,
            policy: configuration.queue,
            retryRule: RetryRule(policy: repeats ? .safe : .none),
            timeoutGrace: Nanoseconds(configuration.requests.timeoutGrace),
            metrics: ServerMetrics(refusalCauses: causes),
            sticky: StickySessions(configuration.sticky),
            logger: logger
        )
        core = FrontCore(
            configuration: configuration,
            loop: loop,
            dispatcher: dispatcher,
            logger: logger,
            accessLog: accessLog
        )
        listeners = ListenerGroup(core: core)
        events = WorkerEvents(
            dispatcher: dispatcher,
            listeners: listeners,
            warmUp: warmUp,
            threadNotes: configuration.threadNotes,
            logger: logger
        )
        dispatcher.appLog = appLog
        dispatcher.streamsBodies = configuration.isASGI
        dispatcher.drainTimeout = Nanoseconds(workers.drainTimeout)
        dispatcher.maximumSockets = configuration.webSockets.maximum
        pool = WorkerPool(configuration: workers, eventLoop: loop, logger: logger, delegate: events)
    }

    /// Binds the listeners and starts the workers.
    ///
    /// Requests wait in the queue for the first worker. Waits for the loop: not to be called on it.
    ///
    /// - Parameters:
    ///   - accepts: Whether connections are accepted at once, or only after ``accept()``.
    ///   - onFailure: Called once, on the loop, when no worker can start.
    /// - Returns: What is listened on.
    /// - Throws: ``FrontError`` when a listener can't be bound.
    public func start(
        accepts: Bool = true,
        onFailure: @escaping @Sendable (StartupFailure) -> Void
    ) throws(FrontError) -> [FrontConfiguration.Listener] {
        do {
            return try loop.flatSubmit { [self] in
                core.updateDate()
                core.connectionsChanged = { [listeners] in listeners.adjust() }
                dispatcher.killWorker = { [pool, unowned dispatcher] worker, violation in
                    // Nothing more for it, until its end is known.
                    _ = dispatcher.queue.drain(worker.id)
                    pool.kill(worker.id, because: .protocolViolation(violation))
                }
                dispatcher.replaceWorker = { [pool] worker, reason in pool.replace(worker.id, because: reason) }
                dispatcher.endWorker = { [pool] worker in pool.kill(worker.id, because: .stuck) }
                dispatcher.workerBecameIdle = { [pool] worker in pool.becameIdle(worker) }
                return listeners.bind(accepts: accepts).map { [self] addresses in
                    events.onFailure = onFailure
                    pool.start()
                    tick()
                    return addresses
                }
            }.wait()
        } catch let error as FrontError {
            throw error
        } catch {
            throw FrontError(listener: core.configuration.listeners[0], reason: "\(error)")
        }
    }

    /// Stops accepting, answers what is under way, ends the workers.
    ///
    /// - Parameters:
    ///   - deadline: After so long what is left is cut.
    ///   - idleGrace: How long an idle connection may still bring a request, which is answered as its last: for a server
    ///     whose address others go on listening on, so that a client that uses it meets no end of a connection.
    ///   - leavesFiles: Whether the files of Unix sockets stay, because another process listens on them.
    /// - Returns: When all is over.
    public func drain(
        within deadline: Duration,
        idleGrace: Duration = .zero,
        leavesFiles: Bool = false
    ) -> EventLoopFuture<Void> {
        loop.flatSubmit { [self] in
            guard !isDraining else { return loop.makeSucceededVoidFuture() }
            isDraining = true
            listeners.close(leavesFiles: leavesFiles)
            // What is on its way in is still served; the queue closes when the time is over.
            core.drain(idleGrace: Nanoseconds(idleGrace))
            let promise = loop.makePromise(of: Void.self)
            let end = MonotonicClock.now() + Nanoseconds(deadline)
            awaitConnections(until: end, promise)
            return promise.futureResult.flatMap { [self] in
                dispatcher.queue.drain()
                dispatcher.refuseAll()
                dispatcher.awaitEnds()
                // Idle workers leave at once; those that are not have had their time.
                let left = end.since(MonotonicClock.now()).duration
                return pool.drain(within: max(left, .milliseconds(500)))
            }
        }
    }

    private func awaitConnections(until deadline: Instant, _ promise: EventLoopPromise<Void>) {
        // With patience, those that idle leave by themselves.
        let isPatient = core.idleGrace > .zero
        let busy =
            dispatcher.queue.busyThreads > 0 || !core.sockets.isEmpty
            || core.connections.values.contains { $0.isBusy || (isPatient && $0.mayStillAsk) }
        if !busy || MonotonicClock.now() > deadline {
            promise.succeed()
        } else {
            loop.scheduleTask(in: .milliseconds(20)) { self.awaitConnections(until: deadline, promise) }
        }
    }

    /// What the server is doing now.
    public func snapshot(version: String, target: String, droppedLogLines: UInt64) async throws -> MetricsSnapshot {
        try await loop.submit { [self] in
            let now = MonotonicClock.now()
            let queue = dispatcher.queue
            var snapshot = MetricsSnapshot(version: version, server: dispatcher.metrics)
            snapshot.target = target
            snapshot.pid = getpid()
            snapshot.phase = isDraining ? .draining : events.hasServed ? .serving : .starting
            snapshot.uptime = now.since(started).duration
            snapshot.queueDepth = queue.depth
            snapshot.queueLimit = queue.limit
            snapshot.maximumQueueDepth = queue.maximumDepth
            snapshot.oldestWait = queue.oldestWait(at: now).duration
            snapshot.completionsPerSecond = queue.completionRate(at: now)
            snapshot.threads = queue.threads
            snapshot.busyThreads = queue.busyThreads
            snapshot.droppedLogLines = droppedLogLines
            describePool(in: &snapshot, at: now)
            return snapshot
        }.get()
    }

    // MARK: Time

    /// Looks at everything that has a deadline.
    ///
    /// Coarse on purpose: a timer for every request would cost more than the request's parsing.
    private func tick() {
        let now = MonotonicClock.now()
        core.updateDate()
        dispatcher.supervise(at: now)
        dispatcher.pump(at: now)
        pool.recycleDue()
        report(at: now)
        if now.since(lastSweep) >= .milliseconds(500) {
            lastSweep = now
            core.sweep(at: now)
            dispatcher.sticky.expire(at: now)
            listeners.adjust()
            returnMemory(at: now)
        }
        var pause = Nanoseconds.milliseconds(dispatcher.queue.depth > 0 ? 50 : 250)
        // Fine enough for the shortest limit; a timer for each request would cost more than many requests do.
        if dispatcher.queue.busyThreads > 0, let shortest = core.requestTimeouts.shortest {
            pause = min(pause, max(Nanoseconds(shortest.count / 10), .milliseconds(10)))
        }
        loop.scheduleTask(in: .nanoseconds(Int64(pause.count))) { self.tick() }
    }

    private func report(at now: Instant) {
        var snapshot = dispatcher.queue.snapshot(at: now)
        snapshot.runsOnLoops = dispatcher.streamsBodies
        guard let report = notice.look(at: snapshot, now: now) else { return }
        logger.warning("\(report)")
    }
}
