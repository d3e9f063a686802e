internal import RequestQueue
internal import WorkerLink
internal import Workers

/// Workers that come and go.
extension Dispatcher {
    /// Sends a new worker its one request on its first lane.
    ///
    /// It is in nobody's queue yet.
    func warmUp(
        _ seat: WorkerSeat,
        path: String,
        hostField: [UInt8],
        host: [UInt8],
        port: [UInt8],
        completion: @escaping (Bool) -> Void
    ) {
        let owner = WarmUp(path: path, hostField: hostField, host: host, port: port, completion: completion)
        let exchange = makeExchange(for: owner)
        exchange.stage = .running
        exchange.isWarmUp = true
        exchange.stream = seat.makeStream(makeStream(), for: 0)
        exchange.isStream = seat.isLoop
        exchange.slot = Slot(worker: seat.worker.id, thread: 0)
        exchange.offeredAt = MonotonicClock.now()
        exchange.takenAt = exchange.offeredAt
        seat.running[0] = exchange
        seat.conversations[0].begin(exchange.stream)
        if owner.write(exchange, to: seat, lane: 0) == nil {
            seat.running[0] = nil
            seat.conversations[0].cancel()
            fail(exchange, .undeliverable)
        }
    }

    /// Sends a worker no further requests; what lies ready behind its busy threads is given to others.
    func retire(_ worker: Worker) {
        guard let seat = seat(worker.id) else { return }
        seat.isLeaving = true
        let now = MonotonicClock.now()
        // Before the worker's own time is over: its app is to see them end.
        let margin = min(Nanoseconds(drainTimeout.count / 4), .seconds(3))
        if seat.dismissesAt == nil { seat.dismissesAt = now + Nanoseconds(drainTimeout.count - margin.count) }
        sticky.leave(worker.id)
        // Sessions whose WebSocket it has stay with it until its end.
        _ = queue.drain(worker.id, keepsPinned: sticky.isActive && !seat.isWedged)
        for lane in seat.staged.indices where !seat.staged[lane].isEmpty { unstage(seat, lane: lane) }
        pump(at: MonotonicClock.now())
    }

    /// Returns whether a worker that gets no newcomers has nothing left to do; then it gets nothing more at all.
    func letGo(_ seat: WorkerSeat) -> Bool {
        guard seat.isIdle, queue.pinnedDepth(of: seat.worker.id) == 0 else { return false }
        _ = queue.drain(seat.worker.id)
        return true
    }

    /// Tells from now on when a worker has finished what it has: its app may be busy still with a client that has gone.
    func awaitEnds() {
        for seat in seats { seat.isLeaving = true }
    }

    /// Refuses all that waits: the drain has lasted long enough.
    func refuseAll() {
        failWaiting(.refused(.draining))
    }

    /// Ends the wait of all that waits.
    func failWaiting(_ failure: ExchangeFailure) {
        for ticket in queue.refuseWaiting(.draining) {
            if let exchange = take(ticket) { fail(exchange, failure) }
        }
    }
}
