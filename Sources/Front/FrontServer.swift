internal import Glibc
internal import HTTPCodec
public import Logging
public import NIOCore
internal import NIOPosix
internal import RequestQueue
public import Telemetry
internal import WorkerLink
public import Workers

/// The front door: listeners, the one queue, and the workers behind it, all on one event loop.
///
/// One loop needs no lock on the path that every request takes, and keeps the queue's order exact. The public functions
/// may be called from anywhere; what they do happens on the loop.
// @unchecked: everything mutable is touched on `loop` only; `core` and `pool` are set before the first event.
public final class FrontServer: @unchecked Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let loop: any EventLoop
    private let logger: Logger
    private let core: FrontCore
    private let dispatcher: Dispatcher
    private let pool: WorkerPool
    private let listeners: ListenerGroup
    private let warmUpPath: String?
    private var notice = OverloadNotice()
    private let started = MonotonicClock.now()
    private var phase = MetricsSnapshot.Phase.starting
    private var onReady: (() -> Void)?
    private var onFailure: ((StartupFailure) -> Void)?
    private var lastSweep = Instant(nanoseconds: 0)

    /// Creates the front. Nothing happens before ``start(onReady:onFailure:)``.
    ///
    /// - Parameters:
    ///   - workers: The workers to keep.
    ///   - warmUpPath: What each new worker is asked once, alone, before traffic; nil for nothing.
    ///   - accessLog: Takes the lines of the access log; called on the loop, must not block.
    public init(
        configuration: FrontConfiguration,
        workers: WorkerPoolConfiguration,
        warmUpPath: String?,
        logger: Logger,
        accessLog: ((AccessLogLine) -> Void)?
    ) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        loop = group.next()
        self.logger = logger
        self.warmUpPath = warmUpPath
        let causes = RefusalCause.allCases.map(\.rawValue) + Refusal.Cause.allCases.map(\.rawValue)
            + ["head_timeout", "body_timeout", "write_stall"]
        dispatcher = Dispatcher(
            loop: loop, policy: configuration.queue, metrics: ServerMetrics(refusalCauses: causes), logger: logger)
        core = FrontCore(
            configuration: configuration, loop: loop, dispatcher: dispatcher, logger: logger, accessLog: accessLog)
        listeners = ListenerGroup(core: core)
        pool = WorkerPool(configuration: workers, eventLoop: loop, logger: logger, delegate: nil)
    }

    /// Binds the listeners and starts the workers.
    ///
    /// Requests are accepted at once, and wait in the queue for the first worker. Waits for the loop: not to be called on it.
    ///
    /// - Parameters:
    ///   - onReady: Called once, on the loop, when all workers of the start are ready.
    ///   - onFailure: Called once, on the loop, when no worker can start.
    /// - Returns: What is listened on.
    /// - Throws: ``FrontError`` when a listener can't be bound.
    public func start(
        onReady: @escaping @Sendable () -> Void,
        onFailure: @escaping @Sendable (StartupFailure) -> Void
    ) throws(FrontError) -> [FrontConfiguration.Listener] {
        self.onReady = onReady
        self.onFailure = onFailure
        do {
            return try loop.flatSubmit { [self] in
                core.updateDate()
                core.connectionClosed = { [listeners] in listeners.adjust() }
                dispatcher.killWorker = { [pool] worker, violation in
                    pool.kill(worker.id, because: .protocolViolation(violation))
                }
                return listeners.bind().map { [self] addresses in
                    pool.delegate = self
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
    /// - Parameter deadline: After so long what is left is cut.
    /// - Returns: When all is over.
    public func drain(within deadline: Duration) -> EventLoopFuture<Void> {
        loop.flatSubmit { [self] in
            guard phase != .draining else { return loop.makeSucceededVoidFuture() }
            phase = .draining
            listeners.close()
            dispatcher.queue.drain()
            core.drain()
            let promise = loop.makePromise(of: Void.self)
            awaitConnections(until: MonotonicClock.now() + Nanoseconds(deadline), promise)
            return promise.futureResult.flatMap { [self] in
                dispatcher.refuseAll()
                return pool.drain(within: .seconds(5))
            }
        }
    }

    private func awaitConnections(until deadline: Instant, _ promise: EventLoopPromise<Void>) {
        let busy = core.connections.values.contains { $0.isBusy } || dispatcher.queue.busyThreads > 0
        if !busy || MonotonicClock.now() > deadline {
            promise.succeed()
        } else {
            loop.scheduleTask(in: .milliseconds(20)) { self.awaitConnections(until: deadline, promise) }
        }
    }

    /// Ends the loop. Nothing may be called after it.
    public func shutdown() throws {
        try group.syncShutdownGracefully()
    }

    /// What the server is doing now.
    public func snapshot(version: String, target: String, droppedLogLines: UInt64) async throws -> MetricsSnapshot {
        try await loop.submit { [self] in
            let now = MonotonicClock.now()
            let queue = dispatcher.queue
            var snapshot = MetricsSnapshot(version: version, server: dispatcher.metrics)
            snapshot.target = target
            snapshot.pid = getpid()
            snapshot.phase = phase
            snapshot.uptime = now.since(started).duration
            snapshot.queueDepth = queue.depth
            snapshot.queueLimit = queue.limit
            snapshot.maximumQueueDepth = queue.maximumDepth
            snapshot.oldestWait = queue.oldestWait(at: now).duration
            snapshot.completionsPerSecond = queue.completionRate(at: now)
            snapshot.threads = queue.threads
            snapshot.busyThreads = queue.busyThreads
            snapshot.droppedLogLines = droppedLogLines
            snapshot.workers = pool.workers.values.sorted { $0.index < $1.index }.map { worker in
                MetricsSnapshot.Worker(
                    id: worker.index + 1,
                    pid: worker.pid,
                    state: worker.stateName,
                    isReady: worker.isReady,
                    threads: worker.link.lanes.count,
                    busyThreads: queue.busyThreads(of: worker.id) ?? 0,
                    requests: dispatcher.seat(worker.id)?.served ?? 0,
                    uptime: now.since(worker.startedAt).duration
                )
            }
            return snapshot
        }.get()
    }

    // MARK: Time

    /// Looks at everything that has a deadline. Coarse on purpose: a timer for every request would cost more than the
    /// request's parsing.
    private func tick() {
        let now = MonotonicClock.now()
        core.updateDate()
        dispatcher.pump(at: now)
        report(at: now)
        if now.since(lastSweep) >= .milliseconds(500) {
            lastSweep = now
            core.sweep(at: now)
            listeners.adjust()
        }
        loop.scheduleTask(in: .milliseconds(dispatcher.queue.depth > 0 ? 50 : 250)) { self.tick() }
    }

    private func report(at now: Instant) {
        guard let report = notice.look(at: dispatcher.queue.snapshot(at: now), now: now) else { return }
        logger.warning("\(report)")
    }
}

extension FrontServer: WorkerPoolDelegate {
    public func workerNeedsWarmUp(_ worker: Worker, done: @escaping (Bool) -> Void) {
        let seat = WorkerSeat(worker)
        dispatcher.seats.append(seat)
        guard let warmUpPath else {
            done(true)
            return
        }
        var host = Array("127.0.0.1".utf8)
        var port = Array("80".utf8)
        if case .tcp(let name, let number) = listeners.addresses.first {
            host = Array((name == "0.0.0.0" || name == "::" ? "127.0.0.1" : name).utf8)
            port = Array(String(number).utf8)
        }
        dispatcher.warmUp(seat, path: warmUpPath, host: host, port: port, completion: done)
    }

    public func workerBecameReady(_ worker: Worker) {
        if dispatcher.seat(worker.id) == nil { dispatcher.seats.append(WorkerSeat(worker)) }
        _ = dispatcher.queue.add(worker: worker.id, threads: worker.link.lanes.count)
        if phase == .starting { phase = .serving }
        dispatcher.pump(at: MonotonicClock.now())
        if pool.readyCount == pool.configuration.processes {
            onReady?()
            onReady = nil
        }
    }

    public func workerDied(_ worker: Worker, _ death: WorkerDeath) {
        dispatcher.lose(worker)
    }

    public func workerHasNews(_ worker: Worker) {
        if let seat = dispatcher.seat(worker.id) { dispatcher.visit(seat) }
    }

    public func isIdle(_ worker: Worker) -> Bool {
        dispatcher.seat(worker.id)?.isIdle ?? true
    }

    public func workerWrote(_ line: String, from source: WorkerOutput) {
        logger.info("\(source.isError ? "stderr" : "stdout"): \(line)", metadata: ["worker": "\(source.index + 1)"])
    }

    public func poolFailed(_ failure: StartupFailure) {
        onFailure?(failure)
        onFailure = nil
    }
}
