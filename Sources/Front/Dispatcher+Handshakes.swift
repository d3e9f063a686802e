internal import NIOCore
internal import RequestQueue
internal import WorkerLink
internal import Workers

/// Requests for a WebSocket: in a slot of the queue like any other, until the app has answered.
extension Dispatcher {
    /// Gives a handshake that is about to be sent to a worker a place among its WebSockets.
    ///
    /// - Returns: false when the worker has as many as it may.
    func openSocket(for exchange: Exchange, on seat: WorkerSeat) -> Bool {
        guard seat.sockets.count < min(maximumSockets, StreamID.greatestIndex) else { return false }
        let number = makeStream()
        let stream = seat.sockets.add { place in
            SocketStream(id: StreamID(number: number, index: place, isSocket: true), seat: seat, exchange: exchange)
        }
        stream.conversation.begin(stream.id.raw, isSocket: true)
        exchange.socket = stream
        exchange.stream = stream.id.raw
        return true
    }

    /// Whether there is no worker that may have one more WebSocket.
    var areSocketsFull: Bool {
        streamsBodies && !seats.isEmpty
            && seats.allSatisfy { !$0.isLoop || $0.isLeaving || $0.sockets.count >= maximumSockets }
    }

    /// Where a WebSocket goes that may go to any worker: nil for wherever the queue says.
    ///
    /// A WebSocket stays for long, and costs next to nothing while it does: the worker with the least to do now, which is
    /// what the queue looks for, would nearly always be the first.
    ///
    /// - Complexity: O(number of workers).
    var workerWithFewestSockets: WorkerID? {
        var best: WorkerSeat?
        for seat in seats where seat.isLoop && !seat.isLeaving && !seat.isCrowded && !seat.pulse.isHeld {
            guard seat.sockets.count < min(best?.sockets.count ?? .max, maximumSockets),
                let busy = queue.busyThreads(of: seat.worker.id), busy < seat.slots
            else { continue }
            best = seat
        }
        return best?.worker.id
    }

    /// Takes the place of a handshake back that the worker has not begun with.
    func abandonSocket(of exchange: Exchange) {
        guard let stream = exchange.socket else { return }
        exchange.socket = nil
        forget(stream)
    }

    /// The app says something about a handshake.
    func answer(
        _ event: LaneConversation.Event,
        _ payloadBytes: Int,
        to exchange: Exchange,
        _ stream: SocketStream,
        _ seat: WorkerSeat,
        isFollowed: Bool
    ) throws(LinkViolation) {
        if event.isWindowed { try exchange.flow.received(payloadBytes) }
        guard case .opened(let response) = event else {
            try apply(event, to: exchange, seat, isFollowed: isFollowed)
            if stream.conversation.isIdle {
                exchange.stage = .ended
                close(exchange, on: seat)
                return
            }
            if event.isWindowed, !isFollowed { took(exchange) }
            seat.sharing.touch(exchange)
            return
        }
        let now = MonotonicClock.now()
        exchange.takenAt = Instant(
            nanoseconds: min(max(response.takenAt, exchange.takenAt.nanoseconds), now.nanoseconds)
        )
        recordTimes(exchange, now)
        stream.flow = exchange.flow
        stream.flow.letGrow()
        stream.exchange = nil
        exchange.socket = nil
        exchange.stage = .ended
        stream.owner = exchange.owner?.opened(exchange, response, stream)
        stream.session = exchange.session
        sticky.socketOpened(stream.session, on: seat.worker.id, at: now)
        close(exchange, on: seat)
        took(stream)
        if let owner = stream.owner {
            // What it has sent already.
            owner.mayGoOn()
        } else {
            farewell(stream, CloseEnvelope(code: 1006))
        }
    }

    /// The slot of a handshake is free.
    private func close(_ exchange: Exchange, on seat: WorkerSeat) {
        guard let slot = exchange.slot, seat.running[slot.thread] === exchange else { return }
        finish(exchange, on: seat, lane: slot.thread, at: MonotonicClock.now())
    }
}
