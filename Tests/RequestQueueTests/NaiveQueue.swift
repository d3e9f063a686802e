import RequestQueue

/// The queue as one would write it without a thought for speed: arrays, searched from end to end.
///
/// What the real one says is compared with what this one says.
struct NaiveQueue {
    struct Request {
        var ticket: RequestTicket
        var client: ClientKey
        var requestClass: RequestClass
        var offeredAt: Instant
        var deadline: Instant
        var isInShare: Bool
        var pin: WorkerID?
    }

    struct Worker {
        var id: WorkerID
        var limit: Int
        var threads: Int
        var isDraining = false
        var keepsPinned = false
        var idle: [Int]
        var running: [Int: (ticket: RequestTicket, since: Instant)] = [:]
        var available: Int { isDraining ? 0 : max(0, limit - running.count) }
        var availableToPinned: Int { isDraining && !keepsPinned ? 0 : max(0, limit - running.count) }
    }

    enum Verdict: Equatable {
        case enter
        case replaceOneOf([RequestTicket], RefusalCause)
        case refuse(RefusalCause)
    }

    let policy: QueuePolicy
    var waiting: [Request] = []
    var workers: [Worker] = []
    var delay: [RequestClass: DelayControl] = [:]
    var service = ServiceEstimate()
    var ended: [RequestTicket: Int] = [:]

    init(policy: QueuePolicy) {
        self.policy = policy
    }

    var available: Int { workers.reduce(0) { $0 + $1.available } }
    var busy: Int { workers.reduce(0) { $0 + $1.running.count } }
    var running: [(slot: Slot, ticket: RequestTicket)] {
        workers.flatMap { worker in
            worker.running.map { (Slot(worker: worker.id, thread: $0.key), $0.value.ticket) }
        }.sorted { ($0.0.worker.raw, $0.0.thread) < ($1.0.worker.raw, $1.0.thread) }
    }

    /// The pin of a request, unless its worker gets nothing more.
    func pin(_ worker: WorkerID?) -> WorkerID? {
        workers.first { $0.id == worker && (!$0.isDraining || $0.keepsPinned) }?.id
    }

    func pinned(to worker: Worker) -> Int { waiting.count { $0.pin == worker.id } }

    /// How many of those that wait could start now.
    var startable: Int {
        let pinned = workers.reduce(0) { $0 + min(self.pinned(to: $1), $1.availableToPinned) }
        let unpinned = waiting.count { $0.pin == nil }
        return pinned + min(unpinned, freeOfPinned)
    }

    /// How many threads are idle beyond those for which pinned requests wait.
    var freeOfPinned: Int {
        workers.reduce(0) { $0 + max(0, $1.available - self.pinned(to: $1)) }
    }

    func hasIdleThread(_ pin: WorkerID?) -> Bool {
        if let worker = workers.first(where: { $0.id == pin }) { return worker.availableToPinned > pinned(to: worker) }
        return freeOfPinned > waiting.count { $0.pin == nil }
    }

    func mayStart(_ request: Request) -> Bool {
        guard let pin = request.pin else { return available > 0 }
        return workers.contains { $0.id == pin && $0.availableToPinned > 0 }
    }

    mutating func unpin(_ worker: WorkerID) {
        for index in waiting.indices where waiting[index].pin == worker { waiting[index].pin = nil }
    }

    func verdict(
        client: ClientKey,
        class requestClass: RequestClass,
        upstreamWait: Nanoseconds,
        worker: WorkerID?
    ) -> Verdict {
        if hasIdleThread(pin(worker)) { return .enter }
        if upstreamWait >= Nanoseconds(policy.timeout) { return .refuse(.timeout) }
        if waiting.count - startable < policy.limit { return .enter }
        if let lowest = waiting.map(\.requestClass).max(), lowest > requestClass,
            let newest = waiting.last(where: { $0.requestClass == lowest })
        {
            return .replaceOneOf([newest.ticket], .displaced)
        }
        guard policy.sharesAmongClients else { return .refuse(.full) }
        let sharing = waiting.filter { $0.isInShare && $0.requestClass == requestClass }
        let byClient = Dictionary(grouping: sharing, by: \.client)
        let most = byClient.values.map(\.count).max() ?? 0
        let own = client == .shared ? 0 : byClient[client]?.count ?? 0
        guard most > own + 1 else { return .refuse(own > 1 ? .shareExceeded : .full) }
        return .replaceOneOf(byClient.values.filter { $0.count == most }.compactMap { $0.last?.ticket }, .shareExceeded)
    }

    mutating func enter(
        _ ticket: RequestTicket,
        client: ClientKey,
        class requestClass: RequestClass,
        upstreamWait: Nanoseconds,
        worker: WorkerID?,
        at now: Instant
    ) {
        let mustWait = !hasIdleThread(pin(worker))
        let timeout = Nanoseconds(policy.timeout)
        waiting.append(
            Request(
                ticket: ticket,
                client: client,
                requestClass: requestClass,
                offeredAt: now,
                deadline: now + (mustWait ? timeout - upstreamWait : timeout),
                isInShare: mustWait && client != .shared,
                pin: pin(worker)
            )
        )
    }

    mutating func end(_ ticket: RequestTicket) {
        waiting.removeAll { $0.ticket == ticket }
        ended[ticket, default: 0] += 1
    }

    /// Returns the actions that are right now: one, or several where deadlines are equal, or none.
    mutating func next(at now: Instant) -> [RequestQueue.Action] {
        if let earliest = waiting.map(\.deadline).min(), earliest <= now {
            return waiting.filter { $0.deadline == earliest }.map {
                .refuse($0.ticket, workers.isEmpty ? .noWorker : .timeout, waited: now.since($0.offeredAt))
            }
        }
        let candidates = waiting.filter { mayStart($0) }
        guard let highest = candidates.map(\.requestClass).min(),
            let first = candidates.first(where: { $0.requestClass == highest })
        else { return [] }
        let waited = now.since(first.offeredAt)
        let target = max(Nanoseconds(policy.minimumTarget), service.mean ?? .zero)
        let sheds = delay[highest, default: DelayControl()].sheds(waited: waited, target: target, at: now)
        let pinned = workers.first { $0.id == first.pin }
        let threads = pinned?.availableToPinned ?? available
        if waiting.count(where: { $0.requestClass == highest && $0.pin == first.pin }) > threads {
            if sheds && policy.isDelayControlled { return [.refuse(first.ticket, .delay, waited: waited)] }
            let likely = min(service.median ?? .zero, Nanoseconds(Nanoseconds(policy.timeout).count / 2))
            if first.deadline.since(now) < likely { return [.refuse(first.ticket, .timeout, waited: waited)] }
        }
        let open = pinned.map { [$0] } ?? workers.filter { $0.available > 0 }
        guard let fewest = open.map(\.running.count).min(),
            let worker = open.first(where: { $0.running.count == fewest }), let thread = worker.idle.last
        else { return [] }
        return [.dispatch(first.ticket, to: Slot(worker: worker.id, thread: thread), waited: waited)]
    }

    mutating func apply(_ action: RequestQueue.Action, at now: Instant) {
        switch action {
        case .refuse(let ticket, _, _):
            end(ticket)
        case .dispatch(let ticket, let slot, _):
            waiting.removeAll { $0.ticket == ticket }
            for index in workers.indices where workers[index].id == slot.worker {
                workers[index].idle.removeAll { $0 == slot.thread }
                workers[index].running[slot.thread] = (ticket, now)
            }
        }
    }

    mutating func finish(_ slot: Slot, at now: Instant) -> Bool {
        for index in workers.indices where workers[index].id == slot.worker {
            guard let (ticket, since) = workers[index].running.removeValue(forKey: slot.thread) else { return false }
            workers[index].idle.append(slot.thread)
            service.add(now.since(since))
            ended[ticket, default: 0] += 1
            return true
        }
        return false
    }
}
