internal import NIOCore
internal import RequestQueue
internal import Telemetry
internal import WorkerLink
internal import Workers

/// Workers with an event loop: many requests at once, which share one lane.
extension Dispatcher {
    // MARK: From the worker

    /// Takes a frame of a worker's event loop.
    ///
    /// - Parameters:
    ///   - header: Its header.
    ///   - payload: The rest of it, in shared memory.
    ///   - seat: The worker.
    ///   - isFollowed: Whether it is a piece that waits for the one behind it.
    /// - Throws: ``LinkViolation`` when it is out of place or not of its form.
    func accept(
        _ header: FrameHeader,
        _ payload: UnsafeRawBufferPointer,
        from seat: WorkerSeat,
        isFollowed: Bool
    ) throws(LinkViolation) {
        let id = StreamID(raw: header.stream)
        guard !id.isSocket else {
            guard try !acceptSocket(header, payload, from: seat, isFollowed: isFollowed) else { return }
            return try acceptStray(header, payload, from: seat)
        }
        let slot = id.index
        guard slot < seat.slots, header.stream != 0, seat.conversations[slot].stream == header.stream,
            let exchange = seat.running[slot]
        else { return try acceptStray(header, payload, from: seat) }
        let event = try seat.conversations[slot].accept(header, payload)
        if event.isWindowed { try exchange.flow.received(payload.count) }
        try apply(event, to: exchange, seat, isFollowed: isFollowed)
        if seat.conversations[slot].isIdle {
            // A warm-up's end may have brought the next request here already.
            guard seat.running[slot] === exchange else { return }
            exchange.stage = .ended
            finish(exchange, on: seat, lane: slot, at: MonotonicClock.now())
            return
        }
        if event.isWindowed, !isFollowed {
            exchange.flow.took(allBut: exchange.owner?.unsentBytes ?? 0)
            tell(exchange, seat)
        }
        seat.sharing.touch(exchange)
    }

    /// A frame of no request that runs: a line for the log, or what another thread of the worker said of a stream that
    /// was ended meanwhile.
    private func acceptStray(
        _ header: FrameHeader,
        _ payload: UnsafeRawBufferPointer,
        from seat: WorkerSeat
    ) throws(LinkViolation) {
        switch FrameKind(rawValue: header.kind) {
        case .grant, .extend, .idempotent: return
        default: break
        }
        var nobody = LaneConversation()
        guard case .log(let level, let text, isOfRequest: _) = try nobody.accept(header, payload) else { return }
        log(level, text, nil, seat)
    }

    // MARK: To the worker

    /// Tells the app that its client has left, or has closed its side of the connection.
    func depart(_ exchange: Exchange, _ how: StreamFlow.Departure) {
        if let stream = exchange.socket { return farewell(stream, CloseEnvelope(code: 1006)) }
        guard let seat = loopSeat(of: exchange) else { return }
        exchange.flow.left(how)
        tell(exchange, seat)
    }

    /// The client may have taken some of what waited for it.
    func took(_ exchange: Exchange) {
        guard let seat = loopSeat(of: exchange) else { return }
        exchange.flow.took(allBut: exchange.owner?.unsentBytes ?? 0)
        tell(exchange, seat)
    }

    /// Sends a part of the request's body on.
    ///
    /// - Parameters:
    ///   - bytes: At most ``LinkGeometry/loopRequestChunkBytes``.
    ///   - exchange: Whose body it is.
    ///   - isLast: Whether the body ends with it.
    /// - Returns: Whether it was sent. If not, the owner is told when it may try again.
    func sendBody(_ bytes: UnsafeRawBufferPointer, of exchange: Exchange, isLast: Bool) -> Bool {
        guard let seat = loopSeat(of: exchange), exchange.flow.sending.isOpen else { return false }
        // Half of the ring is for requests.
        guard seat.worker.link.loop.hasRoom(for: bytes.count, sparing: LinkGeometry.loopRequestRingBytes / 2) else {
            want(exchange, seat)
            return false
        }
        let claim = seat.worker.link.loop.send(
            .body,
            flags: isLast ? FrameHeader.isLast : 0,
            stream: exchange.stream,
            count: bytes.count
        ) { payload in
            payload.copyMemory(from: bytes)
        }
        guard claim != nil else {
            want(exchange, seat)
            return false
        }
        exchange.flow.sending.sent(bytes.count)
        return true
    }

    /// Says what is to be said about a stream, as far as there is room.
    private func tell(_ exchange: Exchange, _ seat: WorkerSeat) {
        guard exchange.flow.owes else { return }
        if let departure = exchange.flow.departure {
            let claim = seat.worker.link.loop.send(
                .left,
                flags: departure.flags,
                stream: exchange.stream,
                count: 0
            ) { _ in }
            if claim != nil { exchange.flow.told() }
        }
        if exchange.flow.credit > 0 {
            let credit = UInt32(clamping: exchange.flow.credit)
            let claim = seat.worker.link.loop.send(.credit, stream: exchange.stream, count: 4) { payload in
                payload.storeBytes(of: credit, as: UInt32.self)
            }
            if claim != nil { exchange.flow.credited() }
        }
        if exchange.flow.owes { want(exchange, seat) }
    }

    /// The seat of the event loop that runs a request; nil when none does.
    private func loopSeat(of exchange: Exchange) -> WorkerSeat? {
        guard exchange.isStream, let slot = exchange.slot, let seat = seat(slot.worker), seat.isLoop,
            seat.running[slot.thread] === exchange
        else { return nil }
        return seat
    }

    // MARK: A ring without room

    /// Notes that one has something to send for which the loop's ring has no room.
    func want(_ sharer: any LaneSharer, _ seat: WorkerSeat) {
        guard seat.sharing.want(sharer) else { return }
        seat.worker.link.loop.wakeReader()
        watchRoom()
    }

    /// Lets all go on that had no room, once the worker has read something since they were last tried.
    func serveWaiting(_ seat: WorkerSeat) {
        let position = seat.worker.link.loop.readPosition
        guard position != seat.servedAt else { return }
        seat.servedAt = position
        for sharer in seat.sharing.takeWanting() { sharer.goOn(through: self, on: seat) }
    }

    /// Lets a stream go on that had no room.
    func goOn(_ exchange: Exchange, on seat: WorkerSeat) {
        guard loopSeat(of: exchange) === seat else { return }
        tell(exchange, seat)
        exchange.owner?.bodyMayGoOn(exchange)
    }

    /// Gives a worker whose ring is full no more requests until it has room.
    ///
    /// Its loop does not run: other workers, or the queue, have them meanwhile.
    func crowd(_ seat: WorkerSeat) {
        seat.isCrowded = true
        seat.worker.link.loop.wakeReader()
        updateHold(of: seat)
        watchRoom()
    }

    /// Has the queue give a worker nothing while there is a reason.
    func updateHold(of seat: WorkerSeat) {
        queue.setHeld(seat.pulse.isHeld || seat.isCrowded, for: seat.worker.id)
    }

    /// Looks now and then whether rings have room again, for as long as that is waited for: reading rings no bell.
    func watchRoom() {
        guard !isWatchingRoom else { return }
        isWatchingRoom = true
        loop.assumeIsolated().scheduleTask(in: .milliseconds(5)) { [self] in
            isWatchingRoom = false
            var isWaiting = false
            for seat in seats where seat.isLoop {
                serveWaiting(seat)
                if seat.isCrowded, !seat.lacksRoom {
                    seat.isCrowded = false
                    updateHold(of: seat)
                }
                if seat.isCrowded || seat.sharing.isWanting { isWaiting = true }
            }
            pump(at: MonotonicClock.now())
            if isWaiting { watchRoom() }
        }
    }
}

extension LaneConversation.Event {
    /// Whether it counts in its stream's window.
    var isWindowed: Bool {
        switch self {
        case .began(_, let isWhole): !isWhole
        case .continued, .message: true
        case .file, .ended, .aborted, .log, .granted, .extended, .markedIdempotent, .opened, .closed: false
        }
    }
}
