internal import Logging
internal import NIOCore
internal import RequestQueue
internal import WorkerLink
internal import Workers

/// WebSockets: streams of an event loop that go on after their handshake is answered.
extension Dispatcher {
    // MARK: From the worker

    /// Takes a frame of a WebSocket.
    ///
    /// - Returns: false when there is no such stream.
    func acceptSocket(
        _ header: FrameHeader,
        _ payload: UnsafeRawBufferPointer,
        from seat: WorkerSeat,
        isFollowed: Bool
    ) throws(LinkViolation) -> Bool {
        guard let stream = seat.sockets[StreamID(raw: header.stream).index], stream.id.raw == header.stream else {
            return false
        }
        let event = try stream.conversation.accept(header, payload)
        if let exchange = stream.exchange {
            try answer(event, payload.count, to: exchange, stream, seat, isFollowed: isFollowed)
        } else {
            try apply(event, payload.count, to: stream, seat, isFollowed: isFollowed)
        }
        if stream.conversation.isIdle {
            let owner = stream.owner
            forget(stream)
            owner?.ended()
            owner?.paused()
            if seat.isLeaving, letGo(seat) { workerBecameIdle(seat.worker) }
        } else if stream.owner != nil {
            seat.sharing.touch(stream)
        }
        return true
    }

    private func apply(
        _ event: LaneConversation.Event,
        _ payloadBytes: Int,
        to stream: SocketStream,
        _ seat: WorkerSeat,
        isFollowed: Bool
    ) throws(LinkViolation) {
        switch event {
        case .message(let bytes, let isText, let continues):
            try stream.flow.received(payloadBytes)
            gather(bytes, isFollowed: isFollowed) {
                stream.owner?.message($0, isText: isText, continues: continues)
            }
        case .closed(let message):
            // The app has had its say: it is told nothing more.
            stream.telling = .over
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

    /// The client may have taken some of what has come for it.
    func took(_ stream: SocketStream) {
        stream.flow.took(allBut: stream.owner?.unsentBytes ?? 0)
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
        guard seat.worker.link.loop.hasRoom(for: LinkGeometry.loopRequestChunkBytes, sparing: spare) else {
            want(stream, seat)
            return false
        }
        return true
    }

    /// Where the next message, or part of one, may be written before it is sent; ``mayReceive(_:)`` has said that there is
    /// room.
    ///
    /// It is shared memory, of ``LinkGeometry/loopRequestChunkBytes``, and good until the next frame is sent to the worker.
    func messageRoom(of stream: SocketStream) -> UnsafeMutableRawBufferPointer? {
        stream.seat?.worker.link.loop.payloadRoom(LinkGeometry.loopRequestChunkBytes)
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
        let isUrgent = !continues || stream.flow.sending.available - count <= SendWindow.initial / 2
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
        guard stream.seat != nil, stream.telling == .goingOn else { return }
        stream.telling = .farewell(message)
        tell(stream)
    }

    private func tell(_ stream: SocketStream) {
        guard let seat = stream.seat else { return }
        if case .farewell(let message) = stream.telling {
            let claim = seat.worker.link.loop.send(.close, stream: stream.id.raw, count: message.byteCount) { payload in
                message.store(to: payload)
            }
            if claim == nil { return want(stream, seat) }
            stream.telling = .over
        } else if stream.flow.credit > 0 {
            let credit = UInt32(clamping: stream.flow.credit)
            let claim = seat.worker.link.loop.send(.credit, stream: stream.id.raw, count: 4) { payload in
                payload.storeBytes(of: credit, as: UInt32.self)
            }
            if claim == nil { return want(stream, seat) }
            stream.flow.credited()
        }
    }

    /// Lets a WebSocket go on that had no room.
    func goOn(_ stream: SocketStream, on seat: WorkerSeat) {
        guard stream.seat === seat else { return }
        tell(stream)
        stream.owner?.mayGoOn()
    }

    // MARK: Ends

    func forget(_ stream: SocketStream) {
        if let seat = stream.seat, let session = stream.session {
            sticky.socketClosed(session, on: seat.worker.id, at: MonotonicClock.now())
        }
        stream.session = nil
        stream.seat?.sockets.remove(stream)
        stream.seat = nil
        stream.exchange = nil
        stream.owner = nil
        stream.telling = .over
    }

    /// The worker has ended: its WebSockets are told, and may come back to another.
    func loseSockets(of seat: WorkerSeat) {
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
