internal import Logging
internal import RequestQueue
internal import Telemetry
internal import WorkerLink
internal import Workers

/// Requests that run longer than they may, and workers whose threads do not come back.
///
/// ``RunningDeadline`` and ``HangJudge`` decide, here it is carried out.
extension Dispatcher {
    /// Looks at everything that runs.
    ///
    /// Called by the server's tick; O(number of threads), and without a system call while nothing is wrong.
    func supervise(at now: Instant) {
        for seat in seats {
            lookAtWarmUp(of: seat, at: now)
            lookAtDeadlines(of: seat, at: now)
            lookAtPulse(of: seat, at: now)
            judge(seat, at: now)
            if let time = seat.dismissesAt, seat.sockets.count > 0, now >= time { dismissSockets(of: seat.worker) }
            // The last of its requests may have been found not to end, or taken back.
            if seat.isLeaving, letGo(seat) { workerBecameIdle(seat.worker) }
        }
    }

    /// Ends an answer to the warm-up request that goes on and on, such as a stream of events: the app is warm by then.
    private func lookAtWarmUp(of seat: WorkerSeat, at now: Instant) {
        guard let exchange = seat.running.first ?? nil, exchange.isWarmUp, exchange.stage == .answering,
            now.since(exchange.takenAt) > WarmUp.longestAnswer,
            let warmUp = exchange.owner as? WarmUp, !warmUp.isCutShort
        else { return }
        warmUp.isCutShort = true
        logger.info("the answer to the warm-up request goes on, and is cut short", metadata: seat.metadata)
        if seat.isLoop {
            depart(exchange, .gone)
        } else {
            seat.worker.link.lanes[0].cancel(exchange.stream)
        }
    }

    private func lookAtDeadlines(of seat: WorkerSeat, at now: Instant) {
        for lane in seat.running.indices {
            guard let exchange = seat.running[lane], exchange.deadline.limit > .zero, !exchange.isWarmUp else {
                continue
            }
            // An app on an event loop waits for its client, whose time is not the app's.
            if exchange.isStream, exchange.owner?.awaitsClient == true { exchange.startedAt = now }
            let action = exchange.deadline.look(
                from: exchange.startedAt,
                extended: seat.extendedDeadline(of: exchange.stream, in: lane),
                grace: timeoutGrace,
                at: now
            )
            switch action {
            case .none: break
            case .interrupt: timeOut(exchange, on: seat, lane: lane, at: now)
            case .declareStuck: observe(seat, at: now)
            }
        }
    }

    /// Answers the client at once, and has the thread interrupted.
    private func timeOut(_ exchange: Exchange, on seat: WorkerSeat, lane: Int, at now: Instant) {
        var metadata = seat.metadata
        metadata["request"] = "\(requestIDs.text(exchange.number))"
        metadata["route"] = "\(exchange.owner?.route ?? "a request whose client had left")"
        metadata["ran"] = "\(DeathReport.seconds(now.since(exchange.startedAt)))"
        logger.warning("request timed out", metadata: metadata)
        if !seat.isLoop { seat.worker.link.lanes[lane].cancel(exchange.stream) }
        let failure = ExchangeFailure.timedOut(limit: exchange.deadline.limit)
        guard exchange.claim?.revoke() != true else {
            // No thread has come to it: there is nobody to interrupt.
            release(exchange, from: seat, lane: lane)
            if let ticket = exchange.ticket, let slot = exchange.slot {
                _ = take(ticket)
                queue.finish(slot, of: ticket, at: now)
            }
            fail(exchange, failure)
            return
        }
        seat.worker.interrupt(lane: lane, stream: exchange.stream)
        fail(exchange, failure)
    }

    /// Frees a lane whose request was taken back; what lies ready behind it waits again.
    func release(_ exchange: Exchange, from seat: WorkerSeat, lane: Int) {
        unstage(seat, lane: lane)
        abandonSocket(of: exchange)
        seat.running[lane] = nil
        seat.conversations[lane].cancel()
    }

    // MARK: Threads that do not come back

    /// Begins to watch a worker one of whose threads is stuck, and has it tell where its threads are.
    private func observe(_ seat: WorkerSeat, at now: Instant) {
        guard seat.judge == nil else { return }
        seat.judge = HangJudge(signs(of: seat), at: now)
        // Before the judgement in the log; not to a process that it would end.
        if SignalsCaught.contains(Worker.stacksSignal, by: seat.worker.pid) { seat.worker.requestStacks() }
    }

    private func judge(_ seat: WorkerSeat, at now: Instant) {
        guard seat.judge != nil, seat.judge?.isSettled == false else { return }
        let verdict = seat.judge?.look(signs(of: seat), at: now) ?? .wait
        switch verdict {
        case .wait:
            break
        case .dismiss:
            seat.judge = nil
            logger.notice("what was taken to be stuck came back", metadata: seat.metadata)
        case .replace(let finding, let evidence):
            var metadata = seat.metadata
            metadata["evidence"] = "\(evidence)"
            metadata["requests"] = "\(stuckRequests(of: seat, at: now))"
            if finding == .interpreterIsStuck {
                seat.isWedged = true
                takeBack(seat, at: now)
            }
            let isReplaced = replaceWorker(seat.worker, .stuck)
            logger.error(
                "\(finding.sentence(isLoop: seat.isLoop)): its worker \(isReplaced ? "is" : "can't be") replaced",
                metadata: metadata
            )
        }
    }

    private func stuckRequests(of seat: WorkerSeat, at now: Instant) -> String {
        seat.running.indices.compactMap { lane in
            guard let exchange = seat.running[lane], exchange.deadline.isStuck else { return nil }
            let age = DeathReport.seconds(now.since(exchange.startedAt))
            // As Python's stack dump names it: `Thread 0x00007f… (most recent call first)`.
            let name = seat.thread(of: lane).map { String($0.name, radix: 16) }
            let place = seat.isLoop ? "event loop" : "thread \(lane + 1)"
            return "\(place)\(name.map { " (0x\($0))" } ?? ""): request "
                + "\(requestIDs.text(exchange.number)), \(age)"
        }.joined(separator: "; ")
    }

    private func signs(of seat: WorkerSeat) -> HangJudge.Signs {
        let stuck = seat.stuckThreads
        let lane = seat.running.firstIndex { $0?.deadline.isStuck == true }
        let thread = lane.flatMap { seat.thread(of: $0)?.id }
        return HangJudge.Signs(
            finished: seat.served,
            stuckThreads: stuck,
            othersBusy: seat.running.count { $0 != nil } - stuck,
            readsMessages: seat.worker.readsMessages,
            process: ProcessLook.at(seat.worker.pid),
            thread: thread.flatMap { ProcessLook.at(seat.worker.pid, thread: $0) }
        )
    }

    /// Ends the workers at a position in which no thread runs Python any more: their successor is there.
    func successorBecameReady(_ worker: Worker) {
        for seat in seats where seat.isWedged && seat.worker !== worker && seat.worker.index == worker.index {
            endWorker(seat.worker)
        }
    }
}
