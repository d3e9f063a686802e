internal import Glibc
internal import HTTPCodec
internal import Logging
internal import NIOCore
internal import RequestQueue
internal import Telemetry

/// Refusals, deadlines, and the several ways in which a connection ends.
extension HTTP1Connection {
    /// What is read and thrown away after the last answer, so that the client gets to read it.
    static let lingerBytes = 1 << 20
    static let lingerTime = Nanoseconds.seconds(2)

    // MARK: Answers of our own

    /// Answers a request that is no good, and closes: what follows it can't be told apart from it.
    func refuse(_ refusal: Refusal) {
        note(refusal: refusal.cause.rawValue, refusal.message)
        respond(status: refusal.status, message: refusal.message, closes: true)
    }

    func respond(status: Int, message: String, retryAfter: Int? = nil, closes: Bool) {
        let bytes = RefusalResponse.bytes(
            status: status,
            message: message,
            date: core.date,
            retryAfter: retryAfter,
            keepsAlive: !closes,
            isHEAD: exchange != nil && parser.head.isHEAD,
            minorVersion: parser.head.minorVersion
        )
        respond(ByteBuffer(bytes: bytes), status: status)
    }

    /// Sends a whole response of our own, and closes.
    func respond(_ bytes: ByteBuffer, status: Int) {
        response.status = status
        write(bytes)
        account()
        if let exchange {
            self.exchange = nil
            if exchange.stage != .ended { core.dispatcher.leave(exchange) }
        }
        closeGently()
    }

    // MARK: Ends

    /// Sends what is written, closes our side, and listens shortly until the client has closed its own.
    ///
    /// Closing at once while bytes lie unread would make the kernel send a reset, which takes the answer away from
    /// the client (RFC 9112 §9.6).
    func closeGently() {
        guard phase != .closed, phase != .lingering, let context else { return }
        phase = .lingering
        lingered = inbound.readableBytes
        inbound = ByteBuffer()
        dropBacklog()
        deadline = MonotonicClock.now() + Nanoseconds(core.configuration.timeouts.writeStall)
        needsFlush = false
        let connection = NIOLoopBound(self, eventLoop: core.loop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in connection.value.written() }
    }

    private func written() {
        guard phase == .lingering, let context else { return }
        if inputIsClosed {
            close()
            return
        }
        deadline = MonotonicClock.now() + Self.lingerTime
        context.close(mode: .output, promise: nil)
        setReading(true)
    }

    /// Counts what a client sends that is not listened to any more.
    func discard(_ count: Int) {
        lingered += count
        if lingered > Self.lingerBytes { close() }
    }

    /// Ends a response that is not whole, so that it does not look whole: no last chunk, or a reset where the end of
    /// the connection is the end of the body.
    func breakOff() {
        response.isBroken = true
        account(isCut: true)
        if response.framing == .untilClose, let context {
            let reset = Glibc.linger(l_onoff: 1, l_linger: 0)
            (context.channel as? any SocketOptionProvider)?.setSoLinger(reset).whenComplete { _ in }
            close()
            return
        }
        if let exchange {
            self.exchange = nil
            if exchange.stage != .ended { core.dispatcher.leave(exchange) }
        }
        closeGently()
    }

    func close() {
        guard phase != .closed else { return }
        phase = .closed
        context?.close(promise: nil)
    }

    /// The client has closed its side, which may mean that it left or only that it has said all.
    func inputClosed() {
        inputIsClosed = true
        switch phase {
        case .preamble:
            close()
        case .head where inbound.readableBytes == 0:
            closeWhenSent()
        case .head, .body:
            tell("ended_early")
            respond(status: 400, message: "Bad Request: the request ended too early.", closes: true)
        case .exchange:
            if let upload, !upload.isComplete || (upload.isHandedOver && !upload.isSent) {
                // What has come may hold the rest of it, which goes before the news that nothing follows.
                return sendUpload()
            }
            // One that waits is taken to have left: it never reaches the app. One that runs is answered all the same;
            // if nobody is there the write says so.
            guard let exchange else { return }
            if core.dispatcher.withdraw(exchange) {
                self.exchange = nil
                close()
            } else if exchange.socket != nil, !response.hasBegun {
                // No WebSocket comes of half a connection: its client has left.
                close()
            } else {
                core.dispatcher.depart(exchange, .halfClosed)
            }
        case .dropping:
            closeWhenSent()
        case .lingering:
            if !hasUnsent { close() }
        case .closed:
            break
        }
    }

    /// The connection is gone.
    func left() {
        if response.hasBegun, !response.isBroken, phase == .exchange { account(isCut: true) }
        phase = .closed
        if let exchange {
            self.exchange = nil
            if exchange.stage != .ended {
                core.dispatcher.leave(exchange)
            } else {
                core.dispatcher.metrics.clientLeft(.sending)
            }
        }
        dropBacklog()
        inbound = ByteBuffer()
        core.remove(self)
    }

    /// Whether some of what was written is still on this side of the kernel.
    var hasUnsent: Bool {
        guard let options = context?.channel.syncOptions else { return false }
        return ((try? options.getOption(.bufferedWritableBytes)) ?? 0) > 0
    }

    /// Closes an idle connection, though not before its last answer is out.
    func closeWhenSent() {
        if hasUnsent { closeGently() } else { close() }
    }

    private func dropBacklog() {
        core.backlogMemory -= backlog.memoryBytes
        backlog.removeAll()
    }

    /// The server drains: an idle connection goes, another one after its answer.
    func drain() {
        guard phase == .preamble || (phase == .head && inbound.readableBytes == 0) else { return }
        if core.idleGrace > .zero {
            deadline = min(deadline, MonotonicClock.now() + core.idleGrace)
        } else {
            closeWhenSent()
        }
    }

    /// Whether a request is on its way in or an answer on its way out.
    var isBusy: Bool {
        switch phase {
        case .body, .exchange, .dropping: true
        case .head: inbound.readableBytes > 0 || hasUnsent
        case .lingering: hasUnsent
        case .preamble, .closed: false
        }
    }

    /// Whether the client may still send a request that is answered.
    var mayStillAsk: Bool {
        switch phase {
        case .preamble, .head, .body, .exchange, .dropping: true
        case .lingering, .closed: false
        }
    }

    // MARK: Deadlines

    /// Looks whether the client has used up its time.
    func sweep(at now: Instant) {
        switch phase {
        case .preamble:
            if now > deadline { close() }
        case .lingering:
            if hasUnsent { sweepWriting(at: now) } else if now > deadline { close() }
        case .head:
            guard !hasUnsent else {
                sweepWriting(at: now)
                return
            }
            guard now > deadline else { return }
            if inbound.readableBytes == 0 {
                close()
            } else {
                note(refusal: "head_timeout")
                respond(status: 408, message: "Request Timeout: the head did not arrive in time.", closes: true)
            }
        case .body:
            if isBodyTooSlow(at: now) {
                note(refusal: "body_timeout")
                respond(status: 408, message: "Request Timeout: the body arrived too slowly.", closes: true)
            }
        case .exchange:
            if isTooSlow(at: now) {
                endSlowUpload()
            } else {
                sweepWriting(at: now)
            }
        case .dropping:
            if now > deadline { closeGently() }
        case .closed:
            break
        }
    }

    /// Whether the body that is coming has come more slowly than it may, since the last look.
    func isBodyTooSlow(at now: Instant) -> Bool {
        let timeouts = core.configuration.timeouts
        let elapsed = now.since(bodyMark.time)
        guard timeouts.bodyRate > 0, elapsed > Nanoseconds(timeouts.bodyGrace) else { return false }
        // Looked at anew each time, so that a fast start buys no idle hours.
        let received = bodyReceived - bodyMark.bytes
        bodyMark = (now, bodyReceived)
        return Double(received) < Double(timeouts.bodyRate) * elapsed.inSeconds
    }

    /// Ends a client that takes nothing of what waits for it.
    ///
    /// Progress is what its kernel has acknowledged: a slow client's socket can hold minutes of data, during which no
    /// write of ours moves.
    private func sweepWriting(at now: Instant) {
        guard hasUnsent || !backlog.isEmpty else {
            acknowledged = 0
            return
        }
        let stall = Nanoseconds(core.configuration.timeouts.writeStall)
        guard acknowledged != 0 else {
            acknowledged = max(acknowledgedBytes(), 1)
            deadline = now + stall
            return
        }
        let bytes = max(acknowledgedBytes(), 1)
        if bytes != acknowledged {
            acknowledged = bytes
            deadline = now + stall
        } else if now > deadline {
            note(refusal: "write_stall")
            close()
        }
    }

    private func acknowledgedBytes() -> UInt64 {
        if let acknowledged = TCPInformation.acknowledgedBytes(of: context?.channel) { return acknowledged }
        // On a Unix socket our own writes are all there is to see.
        let buffered = (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        return UInt64(max(0, response.bodyBytes - backlog.byteCount - buffered))
    }
}
