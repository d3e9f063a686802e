internal import NIOCore
internal import RequestQueue
internal import Telemetry
internal import WorkerLink
internal import Workers

/// Requests laid ready in the lanes of busy threads, while requests take microseconds.
///
/// What it is for: with one thread, each request would otherwise cost two wake-ups, one on either side, which is more than
/// it takes to answer. What it must not do: keep a request behind a slow one while another thread is idle. So each is
/// looked after, and taken back when the one before it takes longer than ``patience``.
extension Dispatcher {
    /// How many lie ready in one worker.
    private static let aheadPerWorker = 16

    /// Lays waiting requests ready behind busy threads, at most `depth` behind each; nil for a worker's share of
    /// ``aheadPerWorker``.
    func stage(upTo depth: Int?, at now: Instant) {
        while queue.depth > queue.stagedCount, let (seat, lane) = roomToStage(depth, at: now) {
            switch queue.stage(at: now) {
            case .refuse(let ticket, let cause):
                refuse(take(ticket), cause)
            case .stage(let ticket):
                guard let exchange = exchange(ticket), let owner = exchange.owner, owner.canBeStaged else {
                    queue.unstage(ticket)
                    return
                }
                exchange.stream = makeStream()
                guard let claim = owner.write(exchange, to: seat, lane: lane) else {
                    queue.unstage(ticket)
                    return
                }
                exchange.stage = .staged
                exchange.stagedAt = (seat, lane)
                exchange.claim = claim
                exchange.takenAt = now
                seat.staged[lane].append((exchange, claim))
            case nil:
                return
            }
        }
        if queue.stagedCount > 0 { watchStaged() }
    }

    /// A lane whose thread is busy and which has room.
    ///
    /// With a depth that costs nobody time the first such lane is taken, so that the other threads sleep on. When all are
    /// busy anyway, the workers take turns.
    private func roomToStage(_ depth: Int?, at now: Instant) -> (WorkerSeat, lane: Int)? {
        guard !seats.isEmpty else { return nil }
        if depth == nil { stagingCursor &+= 1 }
        for offset in seats.indices {
            let seat = seats[(depth == nil ? stagingCursor &+ offset : offset) % seats.count]
            if seat.isLeaving || seat.isLoop { continue }
            let share = depth ?? max(2, Self.aheadPerWorker / max(seat.worker.threads, 1))
            for lane in seat.running.indices {
                // Not behind one that has run too long already: what is taken back from there must not return.
                if let running = seat.running[lane], !running.isWarmUp, seat.staged[lane].count < share,
                    now.since(running.takenAt) <= patience
                {
                    return (seat, lane)
                }
            }
        }
        return nil
    }

    /// Takes a request that lies ready out of its lane, if its thread does not have it yet.
    func recall(_ exchange: Exchange) -> Bool {
        guard let (seat, lane) = exchange.stagedAt,
            let place = seat.staged[lane].firstIndex(where: { $0.exchange === exchange }),
            seat.staged[lane][place].claim.revoke()
        else { return false }
        seat.staged[lane].remove(at: place)
        exchange.stagedAt = nil
        exchange.claim = nil
        return true
    }

    /// Takes back all that lies ready in a lane, as far as its thread does not have it.
    func unstage(_ seat: WorkerSeat, lane: Int) {
        var kept: [(exchange: Exchange, claim: FrameClaim)] = []
        // Last one first: each goes to the head of the line.
        for entry in seat.staged[lane].reversed() {
            if entry.claim.revoke(), let ticket = entry.exchange.ticket {
                entry.exchange.stage = .waiting
                entry.exchange.stagedAt = nil
                entry.exchange.claim = nil
                queue.unstage(ticket)
            } else {
                kept.insert(entry, at: 0)
            }
        }
        seat.staged[lane] = kept
    }

    /// Looks now and then after what lies ready, for as long as something does.
    private func watchStaged() {
        guard !isWatchingStaged else { return }
        isWatchingStaged = true
        loop.assumeIsolated().scheduleTask(in: .milliseconds(2)) { [self] in
            isWatchingStaged = false
            let now = MonotonicClock.now()
            for seat in seats {
                for lane in seat.staged.indices where !seat.staged[lane].isEmpty {
                    guard let running = seat.running[lane], now.since(running.takenAt) > patience else { continue }
                    unstage(seat, lane: lane)
                }
            }
            pump(at: now)
            if queue.stagedCount > 0 { watchStaged() }
        }
    }
}
