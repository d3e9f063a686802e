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
        host: [UInt8],
        port: [UInt8],
        completion: @escaping (Bool) -> Void
    ) {
        let owner = WarmUp(path: path, host: host, port: port, completion: completion)
        let exchange = makeExchange(for: owner)
        exchange.stage = .running
        exchange.isWarmUp = true
        exchange.stream = makeStream()
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

    /// Refuses all that waits: the drain has lasted long enough.
    func refuseAll() {
        for ticket in queue.refuseWaiting(.draining) {
            if let exchange = take(ticket) { fail(exchange, .refused(.draining)) }
        }
    }
}
