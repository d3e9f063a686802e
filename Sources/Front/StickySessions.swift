internal import HTTPCodec
internal import RequestQueue
internal import Sessions
internal import Workers

/// The sessions that stay with a worker: ``StickyRouter`` decides, here it is told what happens.
///
/// Confined to the front's loop.
final class StickySessions {
    let configuration: StickyConfiguration
    /// Nil as long as requests may go to any worker.
    private(set) var router: StickyRouter?
    private var generator = SystemRandomNumberGenerator()
    /// Workers that take requests, whether or not their app needs sessions.
    private var workers: [WorkerID] = []

    init(_ configuration: StickyConfiguration = StickyConfiguration()) {
        self.configuration = configuration
        if let rule = configuration.rule, rule != .off { begin(rule) }
    }

    /// Whether requests have sessions.
    var isActive: Bool { router != nil }

    /// Whether newcomers can be turned away.
    var hasDoor: Bool { configuration.policy.seatsPerWorker > 0 }

    private func begin(_ rule: StickyRule) {
        router = StickyRouter(rule: rule, policy: configuration.policy)
        for worker in workers { router?.table.add(worker) }
    }

    // MARK: Workers

    /// A worker takes requests.
    ///
    /// - Parameters:
    ///   - worker: The worker.
    ///   - needsSessions: What it says of its app; nil for nothing.
    func add(_ worker: WorkerID, needsSessions: Bool?) {
        workers.append(worker)
        router?.table.add(worker)
        guard configuration.rule == nil else { return }
        // The newest knows best: a reload may have brought another app.
        if needsSessions != true {
            router = nil
        } else if router == nil {
            begin(.cookie)
        }
    }

    /// A worker gets no newcomers.
    func leave(_ worker: WorkerID) {
        workers.removeAll { $0 == worker }
        router?.table.leave(worker)
    }

    /// A worker has ended.
    func remove(_ worker: WorkerID, at now: Instant) {
        workers.removeAll { $0 == worker }
        router?.table.remove(worker, at: now)
    }

    // MARK: Requests

    /// Finds out to which session a request belongs, and so to which worker it is to go.
    func route(_ exchange: Exchange, _ request: StickyRequest, at now: Instant) {
        guard let route = router?.route(request, at: now, makeSession: { SessionID.random(using: &generator) }) else {
            return
        }
        exchange.session = route.session
        exchange.worker = route.worker
        exchange.sessionToName = route.cookie
        exchange.isTurnedAway = route.isTurnedAway
    }

    /// A request that belonged to no session when it came, for there was no worker, has been answered by one.
    func adopt(_ exchange: Exchange, _ request: StickyRequest, at now: Instant) {
        guard let slot = exchange.slot else { return }
        var request = request
        request.answeredBy = slot.worker
        route(exchange, request, at: now)
        exchange.isTurnedAway = false
    }

    /// The session of a request stays with the worker that has answered it, if its own has ended meanwhile.
    func answered(_ exchange: Exchange) {
        guard let session = exchange.session, let slot = exchange.slot else { return }
        router?.table.answered(session, by: slot.worker)
    }

    /// What `Set-Cookie` says in the answer to a request; empty for none.
    func cookie(for exchange: Exchange, isSecure: Bool) -> [UInt8] {
        guard let session = exchange.sessionToName else { return [] }
        return configuration.cookie.setting(session, isSecure: isSecure)
    }

    // MARK: WebSockets

    /// The WebSocket of a request was opened in its worker.
    func socketOpened(_ session: SessionID?, on worker: WorkerID, at now: Instant) {
        if let session { router?.table.socketOpened(session, on: worker, at: now) }
    }

    /// The WebSocket of a session is closed, or its worker gone.
    func socketClosed(_ session: SessionID?, on worker: WorkerID, at now: Instant) {
        if let session { router?.table.socketClosed(session, on: worker, at: now) }
    }

    // MARK: Time

    /// Lets sessions age.
    func expire(at now: Instant) {
        router?.table.expire(at: now)
    }
}

@available(*, unavailable)
extension StickySessions: Sendable {}
