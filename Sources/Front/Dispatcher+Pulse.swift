internal import Logging
internal import RequestQueue
internal import Telemetry
internal import WorkerLink
internal import Workers

/// Workers that do not take what they are handed: ``WorkerPulse`` decides, here it is carried out.
extension Dispatcher {
    func lookAtPulse(of seat: WorkerSeat, at now: Instant) {
        var signs = WorkerPulse.Signs()
        for exchange in seat.running {
            guard let exchange, !exchange.isWarmUp, exchange.stage == .running,
                now.since(exchange.startedAt) > signs.oldestUntaken, exchange.claim?.isUntaken == true
            else { continue }
            signs.oldestUntaken = now.since(exchange.startedAt)
        }
        // An event loop takes what comes for its WebSockets as soon as it runs, whatever its app does with it.
        if let unread = seat.unread, !unread.isUntaken { seat.unread = nil }
        if seat.unread == nil, let message = seat.lastMessage, message.isUntaken {
            seat.unread = message
            seat.unreadSince = now
        }
        if seat.unread != nil { signs.oldestUntaken = max(signs.oldestUntaken, now.since(seat.unreadSince)) }
        if seat.pulse.isHeld {
            seat.untaken.removeAll { !$0.isUntaken }
            signs.stillUntaken = !seat.untaken.isEmpty
        }
        switch seat.pulse.look(signs, process: { ProcessLook.at(seat.worker.pid) }, at: now) {
        case .none:
            break
        case .hold(let runs, let process):
            hold(seat, runs: runs, process, at: now)
        case .resume(let time):
            updateHold(of: seat)
            log(.notice, "worker takes requests again", seat, after: time)
        case .replace(let time, let process):
            let isReplaced = replaceWorker(seat.worker, .stuck)
            log(
                .error,
                isReplaced
                    ? "worker makes no progress: it is replaced" : "worker makes no progress, and can't be replaced",
                seat,
                after: time,
                process
            )
        }
        // Those that could be elsewhere by now.
        if seat.pulse.isHeld, queue.idleThreads > 0 { move(seat, at: now) }
    }

    private func hold(_ seat: WorkerSeat, runs: Bool, _ process: ProcessLook?, at now: Instant) {
        updateHold(of: seat)
        seat.untaken = seat.running.compactMap { $0?.claim }.filter(\.isUntaken)
        if let unread = seat.unread, unread.isUntaken { seat.untaken.append(unread) }
        log(
            .warning,
            runs
                ? seat.isLoop
                    ? "worker does not take requests, though it runs: its event loop is kept busy"
                    : "worker does not take requests, though it runs: no thread of it gets the interpreter's lock"
                : seat.isLoop
                    ? "worker does not take requests: its event loop is blocked, or it does not run"
                    : "worker does not run: its requests are given to others",
            seat,
            after: WorkerPulse.tooLong,
            process
        )
        if !runs { takeBack(seat, at: now) }
    }

    /// Takes everything back that no thread of a worker has come to, for other workers.
    func takeBack(_ seat: WorkerSeat, at now: Instant) {
        take(from: seat, at: now) { _ in true }
    }

    /// Takes back what idle threads of other workers can begin at once; each request once, so that none is moved about for
    /// ever while no worker comes to it.
    private func move(_ seat: WorkerSeat, at now: Instant) {
        var room = queue.idleThreads - queue.depth
        take(from: seat, at: now) { exchange in
            guard room > 0, !exchange.wasMoved, now.since(exchange.startedAt) >= WorkerPulse.tooLong else {
                return false
            }
            room -= 1
            exchange.wasMoved = true
            return true
        }
    }

    private func take(from seat: WorkerSeat, at now: Instant, where isWanted: (Exchange) -> Bool) {
        var lanes: [Int] = []
        for lane in seat.running.indices {
            guard let exchange = seat.running[lane], !exchange.isWarmUp, exchange.stage == .running,
                exchange.claim?.isUntaken == true, exchange.owner?.isRepeatable ?? true, isWanted(exchange),
                exchange.claim?.revoke() == true
            else { continue }
            lanes.append(lane)
        }
        // Each goes to the head of its line: the youngest first.
        lanes.sort { (seat.running[$0]?.number ?? 0) > (seat.running[$1]?.number ?? 0) }
        for lane in lanes {
            guard let exchange = seat.running[lane] else { continue }
            release(exchange, from: seat, lane: lane)
            if exchange.owner != nil {
                metrics.retried(.notTaken)
                giveBack(exchange, hasRun: false, at: now)
            } else if let ticket = exchange.ticket, let slot = exchange.slot {
                _ = take(ticket)
                queue.finish(slot, of: ticket, at: now)
                exchange.stage = .ended
            }
        }
    }

    private func log(
        _ level: Logger.Level,
        _ sentence: Logger.Message,
        _ seat: WorkerSeat,
        after time: Nanoseconds,
        _ process: ProcessLook? = nil
    ) {
        var metadata = seat.metadata
        metadata["after"] = "\(DeathReport.seconds(time))"
        if let process {
            metadata["state"] = "\(process.state)"
            metadata["cpu"] = "\(DeathReport.seconds(process.cpu))"
        }
        metadata["untaken"] = "\(seat.untaken.count)"
        logger.log(level: level, sentence, metadata: metadata)
    }
}
