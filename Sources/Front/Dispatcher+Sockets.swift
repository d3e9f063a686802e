internal import Logging
internal import NIOCore
internal import RequestQueue
internal import WorkerLink
internal import Workers

/// WebSockets: streams of an event loop that go on after their handshake is answered.
extension Dispatcher {
    // MARK: The handshake

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

    // MARK: From the worker

    /// Takes a frame of a WebSocket.
    ///
    /// - Returns: false when there is no such stream.
    func acceptSocket(
        _ header: FrameHeader,
        _ payload: UnsafeRawBufferPointer,
        from seat: WorkerSeat
    ) throws(LinkViolation) -> Bool {
        guard let stream = seat.sockets[StreamID(raw: header.stream).index], stream.id.raw == header.stream else {
            return false
        }
        let event = try stream.conversation.accept(header, payload)
        stream.messagesContinue = seat.worker.link.loop.isFollowed(header)
        if let exchange = stream.exchange {
            exchange.bodyContinues = stream.messagesContinue
            try answer(event, payload.count, to: exchange, stream, seat)
        } else {
            try apply(event, payload.count, to: stream, seat)
        }
        if stream.conversation.isIdle {
            let owner = stream.owner
            forget(stream)
            owner?.ended()
            owner?.paused()
            if seat.isLeaving, letGo(seat) { workerBecameIdle(seat.worker) }
        } else if stream.owner != nil, !stream.isTouched {
            stream.isTouched = true
            seat.touchedSockets.append(stream)
        }
        return true
    }

    /// The app says something about a handshake.
    private func answer(
        _ event: LaneConversation.Event,
        _ payloadBytes: Int,
        to exchange: Exchange,
        _ stream: SocketStream,
        _ seat: WorkerSeat
    ) throws(LinkViolation) {
        if event.isWindowed { try exchange.flow.received(payloadBytes) }
        guard case .opened(let response) = event else {
            try apply(event, to: exchange, seat)
            if stream.conversation.isIdle {
                exchange.stage = .ended
                close(exchange, on: seat)
                return
            }
            if event.isWindowed, (exchange.owner?.backlogBytes ?? 0) == 0 {
                took(exchange, 0, isEverything: true)
            }
            touch(exchange, on: seat)
            return
        }
        let now = MonotonicClock.now()
        exchange.takenAt = Instant(
            nanoseconds: min(max(response.takenAt, exchange.takenAt.nanoseconds), now.nanoseconds)
        )
        recordTimes(exchange, now)
        stream.flow = exchange.flow
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

    private func apply(
        _ event: LaneConversation.Event,
        _ payloadBytes: Int,
        to stream: SocketStream,
        _ seat: WorkerSeat
    ) throws(LinkViolation) {
        switch event {
        case .message(let bytes, let isText, let continues):
            try stream.flow.received(payloadBytes)
            stream.owner?.message(bytes, isText: isText, continues: continues)
        case .closed(let message):
            // The app has had its say: it is told nothing more.
            stream.isOver = true
            stream.owner?.appClosed(message)
        case .granted(let count):
            stream.flow.sending.granted(count)
            stream.owner?.mayGoOn()
        case .log(let level, let text, let isOfRequest):
            log(level, text, isOfRequest ? stream.request : nil, seat)
        case .ended, .extended, .markedIdempotent:
            break
        case .aborted(let reason):
            logger.log(
                level: stream.owner == nil ? .debug : .error,
                "the app's WebSocket broke off",
                metadata: [
                    "request": "\(requestIDs.text(stream.request))",
                    "reason": "\(String(decoding: reason.prefix(1024), as: UTF8.self))",
                ]
            )
        case .began, .continued, .file, .opened:
            throw .unexpectedFrame
        }
    }

    /// Lets the clients have what has come for them in this visit, each with one write.
    func flushSockets(of seat: WorkerSeat) {
        guard !seat.touchedSockets.isEmpty else { return }
        for stream in seat.touchedSockets {
            stream.isTouched = false
            stream.owner?.paused()
        }
        seat.touchedSockets.removeAll(keepingCapacity: true)
    }

    /// The client has taken all that has come for it.
    func took(_ stream: SocketStream) {
        stream.flow.took(0, isEverything: true)
        if stream.flow.credit > 0 { tell(stream) }
    }

    // MARK: To the worker

    /// Whether one more message, or part of one, may be sent.
    ///
    /// If not, the owner is told when it may try again.
    func mayReceive(_ stream: SocketStream) -> Bool {
        guard let seat = stream.seat, stream.flow.sending.isOpen else { return false }
        // Half of the ring is for requests.
        let spare = LinkGeometry.loopRequestRingBytes / 2
        guard seat.worker.link.loop.hasRoom(for: LinkGeometry.loopChunkBytes, sparing: spare) else {
            want(stream, seat)
            return false
        }
        return true
    }

    /// Where the next message, or part of one, may be written before it is sent; ``mayReceive(_:)`` has said that there is
    /// room.
    ///
    /// It is shared memory, of ``LinkGeometry/loopChunkBytes``, and good until the next frame is sent to the worker.
    func messageRoom(of stream: SocketStream) -> UnsafeMutableRawBufferPointer? {
        stream.seat?.worker.link.loop.payloadRoom(LinkGeometry.loopChunkBytes)
    }

    /// Sends a message of the client, or a part of one, that lies in its ``messageRoom(of:)``.
    ///
    /// - Parameters:
    ///   - count: Its bytes.
    ///   - isText: Whether it is text.
    ///   - continues: Whether more of the message follows.
    ///   - stream: The WebSocket.
    func send(_ count: Int, isText: Bool, continues: Bool, to stream: SocketStream) {
        guard let seat = stream.seat else { return }
        // Of a part the worker can make nothing yet, but it has to say when more may come.
        let isUrgent = !continues || stream.flow.sending.available <= SendWindow.byteCount / 2
        let claim = seat.worker.link.loop.send(
            .message,
            flags: (isText ? FrameHeader.isText : 0) | (continues ? FrameHeader.continues : 0),
            stream: stream.id.raw,
            count: count,
            isUrgent: isUrgent
        ) { _ in }
        guard let claim else { return }
        stream.flow.sending.sent(count)
        // What nobody is woken for may lie unread.
        if isUrgent { seat.lastMessage = claim }
    }

    /// Tells the app that its client is gone, and why; the stream has no owner from here on.
    func farewell(_ stream: SocketStream, _ message: CloseEnvelope) {
        stream.owner = nil
        guard stream.seat != nil, !stream.isOver else { return }
        stream.isOver = true
        stream.farewell = message
        tell(stream)
    }

    private func tell(_ stream: SocketStream) {
        guard let seat = stream.seat else { return }
        if let message = stream.farewell {
            let claim = seat.worker.link.loop.send(.close, stream: stream.id.raw, count: message.byteCount) { payload in
                message.store(to: payload)
            }
            if claim != nil { stream.farewell = nil }
        } else if stream.flow.credit > 0 {
            let credit = UInt32(clamping: stream.flow.credit)
            let claim = seat.worker.link.loop.send(.credit, stream: stream.id.raw, count: 4) { payload in
                payload.storeBytes(of: credit, as: UInt32.self)
            }
            if claim != nil { stream.flow.credited() }
        }
        if stream.farewell != nil || stream.flow.credit > 0 { want(stream, seat) }
    }

    // MARK: A ring without room

    private func want(_ stream: SocketStream, _ seat: WorkerSeat) {
        guard !stream.wantsRoom else { return }
        stream.wantsRoom = true
        seat.wantingSockets.append(stream)
        seat.worker.link.loop.wakeReader()
        watchRoom()
    }

    /// Lets WebSockets go on that had no room; those that still have none ask again.
    func serveWantingSockets(of seat: WorkerSeat) {
        guard !seat.wantingSockets.isEmpty else { return }
        let wanting = seat.wantingSockets
        seat.wantingSockets = []
        for stream in wanting {
            stream.wantsRoom = false
            guard stream.seat === seat else { continue }
            tell(stream)
            stream.owner?.mayGoOn()
        }
    }

    // MARK: Ends

    private func forget(_ stream: SocketStream) {
        if let seat = stream.seat, let session = stream.session {
            sticky.socketClosed(session, on: seat.worker.id, at: MonotonicClock.now())
        }
        stream.session = nil
        stream.seat?.sockets.remove(stream)
        stream.seat = nil
        stream.exchange = nil
        stream.owner = nil
        stream.isOver = true
    }

    /// The worker has ended: its WebSockets are told, and may come back to another.
    func loseSockets(of seat: WorkerSeat) {
        seat.touchedSockets = []
        seat.wantingSockets = []
        for stream in seat.sockets.all {
            let owner = stream.owner
            stream.exchange?.socket = nil
            forget(stream)
            owner?.workerEnded()
            owner?.paused()
        }
    }

    /// Sends away the clients of a worker that is to leave and has waited for them long enough.
    func dismissSockets(of worker: Worker) {
        for stream in seat(worker.id)?.sockets.all ?? [] { stream.owner?.workerLeaves() }
    }
}
