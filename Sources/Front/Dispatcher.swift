internal import Logging
internal import NIOCore
internal import RequestQueue
internal import Telemetry
internal import WorkerLink
internal import Workers

/// Between the queue, which decides, and the workers' lanes.
///
/// Confined to the front's loop, like all it holds.
///
/// ```
/// connection ──submit──▶ queue ──next──▶ lane ──frames──▶ connection
///            ◀─refused──              ◀── finish ──
/// ```
final class Dispatcher {
    let loop: any EventLoop
    let logger: Logger
    let requestIDs: RequestID
    var queue: RequestQueue
    var metrics: ServerMetrics
    /// Which browser stays with which worker.
    let sticky: StickySessions
    var seats: [WorkerSeat] = []
    /// The exchanges that have a ticket, by its index.
    private var exchanges: [Exchange?] = []
    private var numbers: UInt64 = 0
    private var streams: UInt64 = 0
    private var isPumping = false
    /// Whether the workers were told that requests wait.
    private var hasBacklog = false
    /// Bytes of messages that were compressed for clients in the visit of a worker that is under way.
    var compressedBytes = 0
    /// Pieces of one body or message, in shared memory, that wait for the one behind them.
    var gathered: [UnsafeRawBufferPointer] = []
    /// The workers that wait until the loop has done its other work, the next first.
    var resting: [WorkerSeat] = []
    /// Whether a look at what lies ready is scheduled.
    var isWatchingStaged = false
    /// Whether a look at rings without room is scheduled.
    var isWatchingRoom = false
    /// Whether the app takes the body of a request as it comes: as far as is known, before any worker has come.
    var streamsBodies = false
    /// How long a worker may take to finish what it has when another has taken its place.
    var drainTimeout = Nanoseconds.seconds(30)
    /// The most WebSockets of one worker.
    var maximumSockets = 10_000
    /// How long a request may run with others laid ready behind it.
    var patience = Nanoseconds.milliseconds(2)
    /// Where laying ready goes on looking for room.
    var stagingCursor = 0
    /// Which requests run again when their worker has ended.
    let retryRule: RetryRule
    /// How long an interrupted request may take to give its thread back.
    let timeoutGrace: Nanoseconds
    /// Tells the kernel's own kills from others.
    var outOfMemoryKills = OutOfMemoryKills()
    /// Kills a worker that broke the protocol; set by the server, which has the pool.
    var killWorker: (Worker, LinkViolation) -> Void = { _, _ in }
    /// Takes the app's own lines; set by the server.
    var appLog: (AppLine) -> Void = { _ in }
    /// Ends a worker that nothing more is to be hoped of; set by the server, which has the pool.
    var endWorker: (Worker) -> Void = { _ in }
    /// Has a worker replaced, its successor first; set by the server, which has the pool.
    ///
    /// Returns whether a successor will come: not for a process that serves itself.
    var replaceWorker: (Worker, ReplacementReason) -> Bool = { _, _ in false }
    /// Told when a worker that gets no more requests has answered its last; set by the server, which has the pool.
    var workerBecameIdle: (Worker) -> Void = { _ in }

    init(
        loop: any EventLoop,
        policy: QueuePolicy,
        retryRule: RetryRule = RetryRule(),
        timeoutGrace: Nanoseconds = .seconds(5),
        metrics: ServerMetrics,
        sticky: StickySessions = StickySessions(),
        logger: Logger
    ) {
        self.loop = loop
        self.retryRule = retryRule
        self.timeoutGrace = timeoutGrace
        self.logger = logger
        self.metrics = metrics
        self.sticky = sticky
        queue = RequestQueue(policy: policy)
        requestIDs = RequestID(prefix: .random(in: .min ... .max))
    }

    /// Creates the exchange for the next request of `owner`.
    func makeExchange(for owner: any ExchangeOwner) -> Exchange {
        numbers &+= 1
        return Exchange(number: numbers, owner: owner)
    }

    /// The next name for a request in frames.
    func makeStream() -> UInt64 {
        streams &+= 1
        return streams
    }

    // MARK: From clients

    /// Takes a complete request.
    ///
    /// The owner is told what becomes of it, possibly before this returns.
    func submit(_ exchange: Exchange, at now: Instant) {
        exchange.offeredAt = now
        guard !exchange.isTurnedAway else {
            queue.recordRefusal(.noSeat)
            return refuse(exchange, .noSeat)
        }
        if exchange.isHandshake, exchange.worker == nil { exchange.worker = workerWithFewestSockets }
        let offer = queue.offer(
            client: exchange.client,
            class: exchange.requestClass,
            upstreamWait: exchange.upstreamWait,
            worker: exchange.worker,
            at: now
        )
        switch offer {
        case .accepted(let ticket):
            wait(exchange, ticket)
        case .acceptedInsteadOf(let ticket, let victim, let cause):
            // The victim's index may be the newcomer's by now: it ends first.
            refuse(take(victim), cause)
            wait(exchange, ticket)
        case .refused(let cause):
            refuse(exchange, cause)
        }
        pump(at: now)
    }

    /// Takes a request back whose client has left: one that waits never reaches the app, one that runs is told.
    func leave(_ exchange: Exchange) {
        guard !withdraw(exchange), exchange.stage != .ended else { return }
        exchange.owner = nil
        guard let ticket = exchange.ticket, exchange.stage != .new else { return }
        metrics.clientLeft(.running)
        // Laid ready and claimed: its thread has it, or has it next.
        if let (seat, lane) = exchange.stagedAt { seat.worker.link.lanes[lane].cancel(exchange.stream) }
        if case .running(let slot) = queue.leave(ticket), let seat = seat(slot.worker),
            seat.running[slot.thread] === exchange
        {
            if seat.isLoop {
                depart(exchange, .gone)
            } else {
                seat.worker.link.lanes[slot.thread].cancel(exchange.stream)
            }
        }
    }

    /// Takes a request out of the queue, if no thread has it yet: it never reaches the app.
    ///
    /// - Returns: Whether it was taken out; if not, nothing has changed.
    func withdraw(_ exchange: Exchange) -> Bool {
        guard let ticket = exchange.ticket, exchange.stage == .waiting || exchange.stage == .staged else {
            return false
        }
        if exchange.stage == .staged {
            guard recall(exchange) else { return false }
            queue.unstage(ticket)
        }
        guard case .removed = queue.leave(ticket) else { return false }
        _ = take(ticket)
        exchange.stage = .ended
        exchange.owner = nil
        metrics.clientLeft(.waiting)
        return true
    }

    // MARK: The queue's wishes

    /// Carries out what the queue says until it says nothing.
    func pump(at now: Instant) {
        // Refusing and failing tell owners, who may submit their next request: the outermost call goes on with it.
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        let ahead = queue.aheadOfIdleThreads
        if ahead > 0 { stage(upTo: ahead, at: now) }
        while let action = queue.next(at: now) {
            switch action {
            case .dispatch(let ticket, to: let slot, waited: _):
                dispatch(ticket, to: slot, at: now)
            case .refuse(let ticket, let cause, waited: _):
                refuse(take(ticket), cause)
            }
        }
        if queue.isQuick { stage(upTo: nil, at: now) }
        let isBehind = queue.depth > queue.stagedCount
        if isBehind || hasBacklog {
            hasBacklog = isBehind
            // What waits for one certain worker keeps no other awake.
            let anyIsBehind = queue.depth > queue.stagedCount + queue.pinnedDepth
            for seat in seats {
                seat.worker.link.setBacklog(anyIsBehind || queue.pinnedDepth(of: seat.worker.id) > 0)
            }
        }
    }

    private func dispatch(_ ticket: RequestTicket, to slot: Slot, at now: Instant) {
        guard let exchange = exchanges[Int(ticket.index)], let seat = seat(slot.worker), let owner = exchange.owner
        else {
            queue.finish(slot, of: ticket, at: now)
            return
        }
        exchange.stage = .running
        exchange.slot = slot
        exchange.stream = seat.makeStream(makeStream(), for: slot.thread)
        exchange.isStream = seat.isLoop
        exchange.takenAt = now
        exchange.startedAt = now
        if exchange.isHandshake, seat.isLoop, !openSocket(for: exchange, on: seat) {
            _ = take(ticket)
            queue.finish(slot, of: ticket, at: now)
            fail(exchange, .tooManySockets)
            return
        }
        seat.running[slot.thread] = exchange
        if exchange.socket == nil { seat.conversations[slot.thread].begin(exchange.stream) }
        exchange.claim = owner.write(exchange, to: seat, lane: slot.thread)
        if exchange.claim == nil {
            seat.running[slot.thread] = nil
            seat.conversations[slot.thread].cancel()
            abandonSocket(of: exchange)
            guard !seat.worker.hasEnded else {
                // Its death will be told in a moment; no thread has begun this request.
                giveBack(exchange, hasRun: false, at: now)
                _ = queue.drain(seat.worker.id)
                return
            }
            if seat.lacksRoom, !seat.isBroken(slot.thread) {
                giveBack(exchange, hasRun: false, at: now)
                crowd(seat)
                return
            }
            _ = take(ticket)
            queue.finish(slot, of: ticket, at: now)
            fail(exchange, .undeliverable)
            if seat.isBroken(slot.thread) { killWorker(seat.worker, .positionOutOfRange) }
            return
        }
        // What had no place in the request's own frame.
        if seat.isLoop { owner.bodyMayGoOn(exchange) }
    }

    private func wait(_ exchange: Exchange, _ ticket: RequestTicket) {
        exchange.ticket = ticket
        exchange.stage = .waiting
        let index = Int(ticket.index)
        while exchanges.count <= index { exchanges.append(nil) }
        exchanges[index] = exchange
    }

    func take(_ ticket: RequestTicket) -> Exchange? {
        let index = Int(ticket.index)
        guard index < exchanges.count, let exchange = exchanges[index], exchange.ticket == ticket else { return nil }
        exchanges[index] = nil
        return exchange
    }

    func refuse(_ exchange: Exchange?, _ cause: RefusalCause) {
        guard let exchange else { return }
        metrics.refuse(cause: cause.rawValue)
        fail(exchange, .refused(cause))
    }

    func fail(_ exchange: Exchange, _ failure: ExchangeFailure) {
        guard exchange.stage != .ended else { return }
        let isCut = exchange.stage == .answering
        exchange.stage = .ended
        exchange.claim = nil
        let owner = exchange.owner
        exchange.owner = nil
        if owner != nil, !exchange.isWarmUp, let cause = failure.metricsCause {
            metrics.failed(cause: cause, isCut: isCut)
        }
        owner?.failed(exchange, failure)
    }

    func seat(_ id: WorkerID) -> WorkerSeat? {
        for seat in seats where seat.worker.id == id { return seat }
        return nil
    }

    /// The exchange of a thread is over: the thread goes on with what lies ready for it, or is idle.
    func finish(_ exchange: Exchange, on seat: WorkerSeat, lane: Int, at now: Instant) {
        seat.running[lane] = nil
        seat.served &+= 1
        exchange.owner = nil
        guard let ticket = exchange.ticket, let slot = exchange.slot else { return }
        _ = take(ticket)
        guard !seat.staged[lane].isEmpty else {
            queue.finish(slot, of: ticket, at: now)
            if seat.isLeaving, letGo(seat) { workerBecameIdle(seat.worker) }
            return
        }
        let (next, claim) = seat.staged[lane].removeFirst()
        guard let nextTicket = next.ticket,
            queue.finish(slot, of: ticket, andStart: nextTicket, at: now)
        else { return }
        next.stage = .running
        next.slot = slot
        next.stagedAt = nil
        next.claim = claim
        next.startedAt = now
        seat.running[lane] = next
        seat.conversations[lane].begin(next.stream)
    }

    /// The exchange that has `ticket`.
    func exchange(_ ticket: RequestTicket) -> Exchange? {
        let index = Int(ticket.index)
        guard index < exchanges.count, let exchange = exchanges[index], exchange.ticket == ticket else { return nil }
        return exchange
    }
}

@available(*, unavailable)
extension Dispatcher: Sendable {}
