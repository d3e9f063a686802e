internal import Logging
internal import RequestQueue
internal import Telemetry
internal import WorkerLink
internal import Workers

/// What becomes of the requests of a worker that has ended: ``RetryRule`` decides, here it is carried out.
extension Dispatcher {
    /// Takes a worker out that has ended, and tells the log of it.
    ///
    /// What no thread had begun waits again, at the head of its line; of what had begun some is given to another worker, and
    /// the rest is failed at once: 502, or a cut where an answer has begun.
    func lose(_ worker: Worker, _ death: WorkerDeath) {
        if let seat = seat(worker.id), seat.worker === worker { readLastFrames(of: seat) }
        guard let index = seats.firstIndex(where: { $0.worker === worker }) else { return }
        let seat = seats.remove(at: index)
        let now = MonotonicClock.now()
        var report = DeathReport(death, hint: hint(of: death))
        var failed: [(exchange: Exchange, ticket: RequestTicket?)] = []
        // Each that is given back goes to the head of its line: the youngest first.
        for exchange in seat.exchanges.sorted(by: { $0.number > $1.number }) {
            let verdict = judge(exchange, on: seat, death)
            if !exchange.isWarmUp {
                report.add(
                    .init(
                        route: exchange.owner?.route ?? "a request",
                        age: now.since(exchange.takenAt),
                        verdict: verdict
                    )
                )
            }
            switch verdict {
            case .giveBack:
                metrics.retried(.notBegun)
                giveBack(exchange, hasRun: false, at: now)
            case .retry:
                metrics.retried(.workerEnded)
                exchange.workersLost += 1
                giveBack(exchange, hasRun: true, at: now)
            case .refuse, .cut, .forget:
                failed.append((exchange, exchange.ticket))
            }
        }
        for (exchange, ticket) in failed {
            if exchange.stagedAt != nil, let ticket {
                queue.unstage(ticket)
                _ = queue.leave(ticket)
            }
            exchange.stagedAt = nil
            if let ticket { _ = take(ticket) }
        }
        for ticket in queue.remove(worker.id) { _ = take(ticket) }
        sticky.remove(worker.id, at: now)
        if death.served != nil {
            logger.log(level: report.level, "worker ended", metadata: report.metadata.merging(seat.metadata) { $1 })
        }
        loseSockets(of: seat)
        // Owners may submit their next request at once: only now, when everything is as it should be.
        for (exchange, _) in failed { fail(exchange, .workerDied) }
        pump(at: now)
    }

    private func judge(_ exchange: Exchange, on seat: WorkerSeat, _ death: WorkerDeath) -> RetryRule.Verdict {
        guard !exchange.isWarmUp, exchange.ticket != nil else { return .refuse }
        let lane = exchange.stagedAt?.lane ?? exchange.slot?.thread ?? 0
        // Of a body that was sent on already nothing is left to begin again with.
        let isRepeatable = exchange.owner?.isRepeatable ?? true
        let hasBegun = exchange.stage == .answering || exchange.claim?.revoke() != true || !isRepeatable
        return retryRule.verdict(
            RetryRule.Evidence(
                hasBegun: hasBegun,
                isSafe: isRepeatable && exchange.owner?.isSafe ?? false,
                isMarkedIdempotent: isRepeatable && seat.isIdempotent(exchange.stream, in: lane),
                isAnswering: exchange.stage == .answering,
                hasClient: exchange.owner != nil,
                hasHadItsTime: death.reason == .drainTimeout,
                isServing: !queue.isDraining,
                workersLost: exchange.workersLost
            )
        )
    }

    /// Puts a request that a worker had back into the queue, in front of those that came after it.
    ///
    /// The worker must not have it any more: it has ended, or the frame was taken back.
    func giveBack(_ exchange: Exchange, hasRun: Bool, at now: Instant) {
        guard let ticket = exchange.ticket else { return }
        if exchange.stagedAt != nil {
            queue.unstage(ticket)
        } else if let slot = exchange.slot {
            queue.giveBack(ticket, of: slot, hasRun: hasRun, at: now)
        }
        abandonSocket(of: exchange)
        exchange.stage = .waiting
        exchange.stagedAt = nil
        exchange.slot = nil
        exchange.claim = nil
        exchange.stream = 0
        exchange.isStream = false
        exchange.flow = StreamFlow()
        exchange.listing.wantsRoom = false
        exchange.extendedUntil = nil
        exchange.isMarkedIdempotent = false
        exchange.deadline = RunningDeadline(limit: exchange.deadline.limit)
    }

    private func hint(of death: WorkerDeath) -> String? {
        guard death.reason == nil, case .signalled(9) = death.exit else { return nil }
        return outOfMemoryKills.haveHappened() ? "the kernel has killed a process for want of memory meanwhile" : nil
    }
}
