internal import Logging
internal import RequestQueue
internal import Telemetry
internal import WorkerLink
internal import Workers

/// What the pool tells of its workers, passed on to the dispatcher.
///
/// Confined to the front's loop.
final class WorkerEvents: WorkerPoolDelegate {
    private let dispatcher: Dispatcher
    private let listeners: ListenerGroup
    private let warmUp: FrontConfiguration.WarmUp
    /// What is said of an app that runs on threads, when the first worker has told that it does.
    private let threadNotes: [String]
    private let logger: Logger
    /// Told when the pool has given up.
    var onFailure: ((StartupFailure) -> Void)?
    /// Told when a worker has become ready.
    var onReady: () -> Void = {}
    /// Told when a worker has ended.
    var onEnd: () -> Void = {}
    /// How the last worker ended that was not sent away, for people.
    private(set) var lastEnd: String?
    /// Whether a worker has ever been ready.
    private(set) var hasServed = false

    init(
        dispatcher: Dispatcher,
        listeners: ListenerGroup,
        warmUp: FrontConfiguration.WarmUp,
        threadNotes: [String],
        logger: Logger
    ) {
        self.dispatcher = dispatcher
        self.listeners = listeners
        self.warmUp = warmUp
        self.threadNotes = threadNotes
        self.logger = logger
    }

    func workerNeedsWarmUp(_ worker: Worker, done: @escaping (Bool) -> Void) {
        let seat = WorkerSeat(worker)
        dispatcher.seats.append(seat)
        guard let path = warmUp.path(for: worker.introduction) else {
            done(true)
            return
        }
        var host = "127.0.0.1"
        var port = "80"
        switch listeners.addresses.first {
        case .tcp(let name, let number):
            if name != "0.0.0.0" && name != "::" { host = name }
            port = String(number)
        case .unix(let path):
            (host, port) = (path, "")
        case nil:
            break
        }
        let field = warmUp.host(for: worker.introduction, bind: port.isEmpty ? "localhost" : host)
        dispatcher.warmUp(
            seat,
            path: path,
            hostField: Array(field.utf8),
            host: Array(host.utf8),
            port: Array(port.utf8),
            completion: done
        )
    }

    func workerBecameReady(_ worker: Worker) {
        let seat = dispatcher.seat(worker.id) ?? WorkerSeat(worker)
        if dispatcher.seat(worker.id) == nil { dispatcher.seats.append(seat) }
        _ = dispatcher.queue.add(worker: worker.id, threads: seat.slots)
        if !seat.isLoop { _ = dispatcher.queue.setThreadLimit(worker.threads, for: worker.id) }
        dispatcher.streamsBodies = seat.isLoop
        dispatcher.sticky.add(worker.id, needsSessions: worker.introduction?.isSticky)
        if !hasServed { introduce(seat) }
        dispatcher.successorBecameReady(worker)
        hasServed = true
        onReady()
        dispatcher.pump(at: MonotonicClock.now())
    }

    /// Says how the app is called, now that it is known.
    private func introduce(_ seat: WorkerSeat) {
        let limit = dispatcher.queue.limit
        if seat.isLoop {
            let each = "\(seat.slots) requests in flight in each worker (concurrency)"
            logger.info("the app is ASGI, on event loops: \(each), \(limit) may wait (queue-limit)")
            return
        }
        let each = "\(seat.worker.threads) \(seat.worker.threads == 1 ? "thread" : "threads") in each worker"
        logger.info("the app is WSGI: \(each), \(limit) requests may wait (queue-limit)")
        for note in threadNotes { logger.info("\(note)") }
    }

    func workerThreadsChanged(_ worker: Worker) {
        guard dispatcher.seat(worker.id)?.isLoop != true else { return }
        _ = dispatcher.queue.setThreadLimit(worker.threads, for: worker.id)
        dispatcher.pump(at: MonotonicClock.now())
    }

    func workerIsDraining(_ worker: Worker) {
        dispatcher.retire(worker)
    }

    func workerWasReplaced(_ worker: Worker, because reason: ReplacementReason) {
        dispatcher.metrics.workerRecycled(because: reason.shortName)
    }

    func requestsServed(by worker: Worker) -> UInt64 {
        dispatcher.seat(worker.id)?.served ?? 0
    }

    func workerHasNews(_ worker: Worker) {
        if let seat = dispatcher.seat(worker.id) { dispatcher.visit(seat) }
    }

    func workerDied(_ worker: Worker, _ death: WorkerDeath) {
        if death.reason != .drained, !worker.isLeaving {
            lastEnd = "worker \(worker.index + 1): \(death.failure?.title ?? death.exit.description)"
        }
        if death.served != nil && death.reason != .drained && !worker.isLeaving { dispatcher.metrics.workerRestarted() }
        dispatcher.lose(worker, death)
        onEnd()
    }

    func isIdle(_ worker: Worker) -> Bool {
        dispatcher.seat(worker.id).map(dispatcher.letGo) ?? true
    }

    func workerWrote(_ line: WorkerLine, from source: WorkerOutput) {
        let worker = source.index.map { String($0 + 1) } ?? "template"
        if source.isError, let notice = WorkerNotice(line.text) {
            return logger.log(level: notice.level, "\(notice.message)", metadata: ["worker": "\(worker)"])
        }
        dispatcher.appLog(
            AppLine(
                source: source.isError ? .stderr : .stdout,
                level: line.isTraceback ? .error : .info,
                worker: worker,
                bytes: line.bytes,
                part: line.part,
                goesOn: line.goesOn
            )
        )
    }

    func poolFailed(_ failure: StartupFailure) {
        onFailure?(failure)
        onFailure = nil
    }
}
