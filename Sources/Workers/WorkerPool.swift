internal import Glibc
public import Logging
public import NIOCore
public import RequestQueue
internal import WorkerLink

/// Keeps P worker processes alive.
///
/// Confined to one event loop, the front's: call everything on it. The loop must run until ``drain(within:)`` has
/// succeeded or ``WorkerPoolDelegate/poolFailed(_:)`` was called.
///
/// The decisions are ``PoolState``'s and each worker's ``WorkerLife``'s; here they are carried out.
public final class WorkerPool {
    /// What workers are made with, as it is now: after the last reload and the last scaling.
    public internal(set) var configuration: WorkerPoolConfiguration
    /// The workers that have not ended, whatever their state.
    public internal(set) var workers: [WorkerID: Worker] = [:]
    /// Who is told, and asked.
    ///
    /// Not retained.
    public weak var delegate: (any WorkerPoolDelegate)?

    let eventLoop: any EventLoop
    let logger: Logger
    var state: PoolState
    var watcher: ProcessWatcher?
    /// What workers are forked from; nil when each is started by itself.
    var template: Template?
    /// What those of the generation that a reload brings are forked from.
    var comingTemplate: Template?
    /// Those that nobody will be forked from any more.
    var formerTemplates: [Template] = []
    var nextTemplateToken = UInt64.max
    /// Nil as long as there never was a template.
    var orphans: OrphanRounds?
    var nextID = 1
    var timer: (scheduled: Scheduled<Void>, deadline: Instant)?
    /// The pipes from stdout and stderr that are open, also those of workers that have died: their children may still
    /// write.
    var outputs: [Int: PipeReader] = [:]
    var nextOutput = 0
    var end: EventLoopPromise<Void>?
    /// The socket to an attached process.
    ///
    /// It stays open until the pool goes.
    private var attachment: OwnedDescriptor?
    /// The reload under way, and what its workers are made with.
    var currentReload: Reload?
    var comingConfiguration: WorkerPoolConfiguration?
    /// The reload that begins when that is over.
    var nextReload: Reload?
    var lastMemoryLook = Instant(nanoseconds: 0)
    var isConcluding = false
    var isConcluded = false
    var lastLines: Scheduled<Void>?
    /// How long the pool's end waits for the last lines of its workers.
    static let lastLines = TimeAmount.milliseconds(500)

    /// Creates a pool that has no workers until ``start()``.
    public init(
        configuration: WorkerPoolConfiguration,
        eventLoop: any EventLoop,
        logger: Logger,
        delegate: (any WorkerPoolDelegate)?
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        self.delegate = delegate
        let replaces = configuration.source.replacesWorkers
        state = PoolState(processes: replaces ? configuration.processes : 1, replacesWorkers: replaces)
        if case .attached(let socket) = configuration.source { attachment = OwnedDescriptor(socket) }
    }

    /// The worker with this name, unless it has ended.
    public func worker(_ id: WorkerID) -> Worker? { workers[id] }

    /// The number of the generation that serves, from 1.
    public var generation: Int { state.generation }

    /// Workers that take requests.
    ///
    /// - Complexity: O(number of workers).
    public var readyCount: Int { workers.values.count { $0.isReady } }

    /// Starts all workers, side by side.
    ///
    /// The delegate hears of each, or of the pool's failure. Call once.
    public func start() {
        eventLoop.preconditionInEventLoop()
        state.start(at: now)
        do {
            let pool = NIOLoopBound(self, eventLoop: eventLoop)
            watcher = try ProcessWatcher(eventLoop: eventLoop) { token in
                pool.value.processEnded(token: token)
            }
            template = makeTemplate(of: configuration)
        } catch {
            for place in state.due(at: now) {
                perform(state.notStarted(place, failure: error, jitter: 0, at: now))
            }
        }
        // The first process of a container is given everybody's orphans.
        if getpid() == 1 { beginReaping() }
        startDue()
        settle()
    }

    /// Lets workers finish their requests, asks each to leave when it has none, and ends those that have not left
    /// within `interval`: SIGTERM when nine tenths of it are over, at the end SIGKILL.
    ///
    /// Nobody is replaced any more.
    ///
    /// The caller sends workers no further requests, and calls ``becameIdle(_:)`` for each when its last is answered.
    ///
    /// - Returns: Succeeds when all have gone. A second call changes nothing and returns the same.
    @discardableResult
    public func drain(within interval: Duration) -> EventLoopFuture<Void> {
        eventLoop.preconditionInEventLoop()
        if let end { return end.futureResult }
        let promise = eventLoop.makePromise(of: Void.self)
        end = promise
        if isConcluded { promise.succeed(()) }
        perform(state.drain())
        for worker in Array(workers.values) {
            let isIdle = delegate?.isIdle(worker) ?? true
            perform(worker.life.drain(isIdle: isIdle, within: Nanoseconds(interval), at: now), on: worker)
        }
        settle()
        return promise.futureResult
    }

    /// The last request in the worker is answered.
    ///
    /// Does nothing unless it is being drained.
    public func becameIdle(_ worker: Worker) {
        perform(worker.life.becameIdle(at: now), on: worker)
        settle()
    }

    /// Ends a worker at once, with SIGKILL.
    ///
    /// It is replaced. Its death is reported when the kernel has noticed, not here.
    public func kill(_ id: WorkerID, because reason: EndReason) {
        guard let worker = workers[id] else { return }
        perform(worker.life.kill(because: reason), on: worker)
        settle()
    }
}

@available(*, unavailable)
extension WorkerPool: Sendable {}
