internal import HTTPCodec
internal import NIOCore
internal import RequestQueue
internal import Telemetry
internal import WebSocketCodec
internal import WorkerLink

/// The several ways in which a WebSocket ends, and its deadlines.
extension WebSocketConnection {
    /// Carries out what the conversation has decided.
    func perform(_ reaction: WebSocketConversation.Reaction) {
        if let frame = reaction.frame { write(frame) }
        if !conversation.isOpen {
            partial = ByteBuffer()
            endInflating()
            forgetUnfinished()
            let stream = self.stream
            self.stream = nil
            if let stream, let message = reaction.toApp {
                core.dispatcher.farewell(stream, CloseEnvelope(code: message.code.rawValue, reason: message.reason))
            }
            // Nothing holds the client up any more.
            if phase == .open { setReading(true) }
        }
        switch reaction.end {
        case .none: break
        case .afterWriting: closeGently()
        case .atOnce: close()
        }
    }

    // MARK: The app, its worker, the server

    func appClosed(_ message: CloseEnvelope) {
        let message = CloseMessage(CloseCode(rawValue: message.code), message.reason)
        perform(conversation.appClosed(message, at: MonotonicClock.now().sinceStart))
    }

    func ended() {
        perform(conversation.appEnded(at: MonotonicClock.now().sinceStart))
    }

    func workerEnded() {
        perform(conversation.workerLost(at: MonotonicClock.now().sinceStart))
    }

    func workerLeaves() {
        dismiss(CloseMessage(.restart, "the worker is being replaced"))
    }

    /// The server stops: the client may come back to another.
    func drain() {
        dismiss(CloseMessage(.goingAway, "the server stops"))
    }

    private func dismiss(_ message: CloseMessage) {
        perform(conversation.dismiss(message, at: MonotonicClock.now().sinceStart))
        flush()
    }

    // MARK: The connection

    /// Sends what is written, closes our side, and listens shortly until the client has closed its own.
    ///
    /// Closing at once while bytes lie unread would make the kernel send a reset, which takes the close frame away from the
    /// client.
    private func closeGently() {
        guard phase == .open, let context else { return }
        phase = .lingering
        inbound = ByteBuffer()
        deadline = MonotonicClock.now() + Nanoseconds(core.configuration.timeouts.writeStall)
        flush()
        let connection = NIOLoopBound(self, eventLoop: core.loop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in connection.value.written() }
    }

    private func written() {
        guard phase == .lingering, let context else { return }
        if inputIsClosed {
            close()
            return
        }
        // Whatever comes until then is thrown away: a client that is told that its message is too large may have much of
        // it under way, and reads no answer before that.
        deadline = MonotonicClock.now() + HTTP1Connection.lingerTime
        context.close(mode: .output, promise: nil)
        setReading(true)
    }

    func close() {
        guard phase != .closed else { return }
        phase = .closed
        context?.close(promise: nil)
    }

    /// The connection is gone.
    func left() {
        inputIsClosed = true
        if phase == .open {
            // What has come may still be read.
            process()
            perform(conversation.lost())
        }
        phase = .closed
        inbound = ByteBuffer()
        forgetUnfinished()
        guard core.remove(self) else { return }
        core.dispatcher.metrics.webSocketClosed(label: (conversation.code ?? .lost).label)
        account.write(isCut: conversation.code == .lost, to: core.accessLog)
    }

    // MARK: Deadlines

    /// Looks at the time.
    func sweep(at now: Instant) {
        switch phase {
        case .open:
            if conversation.awaitsAnswer || bufferedBytes > 0, isStalled(at: now) {
                core.dispatcher.metrics.refuse(cause: "write_stall")
                perform(conversation.lost())
                return
            }
            if endSlowMessage(at: now) { return }
            let reaction = conversation.tick(
                at: now.sinceStart,
                couldAnswer: isReading && progress.isPingDelivered
            )
            perform(reaction)
            flush()
            if reaction.frame != nil, conversation.isOpen { progress.pinged() }
        case .lingering:
            if now > deadline { close() }
        case .closed:
            break
        }
    }

    /// Whether the client takes nothing of what waits for it.
    private func isStalled(at now: Instant) -> Bool {
        progress.look(
            // On a Unix socket our own writes are all there is to see.
            acknowledged: TCPInformation.acknowledgedBytes(of: context?.channel)
                ?? progress.written - min(UInt64(bufferedBytes), progress.written),
            limit: Nanoseconds(core.configuration.timeouts.writeStall),
            at: now
        )
    }

    var bufferedBytes: Int {
        (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
