internal import HTTPCodec
internal import Logging
internal import NIOCore
internal import RequestQueue
internal import WorkerLink

/// From the worker's frames to the client's socket.
extension HTTP1Connection: ExchangeOwner {
    /// When somebody for whom there is no seat may ask again.
    private static let doorSeconds = 5

    func began(_ exchange: Exchange, _ envelope: ResponseEnvelope.Reader, isWhole: Bool) {
        guard let context else { return }
        var known = isWhole ? envelope.body.count : Int(exactly: envelope.bodyBytes)
        var payload = core.copied(envelope.head)
        if core.codeFailure != nil { (payload, known) = extended(payload, bodyLength: known) }
        let cookie = cookie(for: exchange)
        let room = ResponseEncoder.maximumByteCount(
            payloadByteCount: payload.count,
            serverNameByteCount: core.serverName.count,
            cookieByteCount: cookie.count
        )
        var buffer = context.channel.allocator.buffer(capacity: room + (isWhole ? envelope.body.count : 0))
        var failure: ResponseViolation?
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { output in
            do throws(ResponseViolation) {
                let head = try ResponseHead(payload: payload)
                let request = parser.head
                let encoded = try ResponseEncoder.encode(
                    head: head,
                    context: ResponseContext(
                        isHEAD: request.isHEAD,
                        minorVersion: request.minorVersion,
                        keepsAlive: request.keepsAlive && !core.isDraining && !inputIsClosed
                            && !(isWhole && isRestTooLong),
                        bodyLength: known,
                        date: core.date,
                        serverName: core.serverName,
                        cookie: cookie
                    ),
                    into: output
                )
                response.status = head.status
                response.framing = encoded.framing
                response.keepsAlive = encoded.keepsAlive
                return encoded.byteCount
            } catch {
                failure = error
                return 0
            }
        }
        if let failure {
            response.isBroken = true
            core.logger.error(
                "a response can't be sent",
                metadata: [
                    "request": "\(core.dispatcher.requestIDs.text(exchange.number))",
                    "cause": "\(failure.cause.rawValue)", "reason": "\(failure.message)",
                ]
            )
            respond(status: 502, message: "Bad Gateway: the application's response can't be sent.", closes: true)
            return
        }
        if case .length(let length) = response.framing { response.remaining = length }
        if isWhole, case .length(let length) = response.framing, length == envelope.body.count {
            // The one write of most responses: head and body together.
            buffer.writeBytes(envelope.body)
            response.bodyBytes = length
            response.remaining = 0
            write(buffer)
        } else {
            continued(exchange, [envelope.body], behind: buffer)
        }
        if isWhole { ended(exchange) }
    }

    func continued(_ exchange: Exchange, _ pieces: [UnsafeRawBufferPointer]) {
        continued(exchange, pieces, behind: ByteBuffer())
    }

    private func continued(_ exchange: Exchange, _ pieces: [UnsafeRawBufferPointer], behind head: ByteBuffer) {
        let isWanted = !response.isBroken && response.framing != .none
        var pieces = isWanted ? pieces : []
        var count = pieces.byteCount
        if let remaining = response.remaining {
            // More than the head promised is cut: the next response must not begin in this one's tail.
            if count > remaining {
                pieces.cut(to: remaining)
                count = remaining
            }
            response.remaining = remaining - count
        }
        response.bodyBytes += count
        guard let context else { return }
        if count > 0, backlog.isEmpty, context.channel.isWritable {
            writeBody(pieces, count, behind: head)
            return
        }
        if head.readableBytes > 0 { write(head) }
        guard count > 0 else { return }
        let before = backlog.memoryBytes
        defer { core.backlogMemory += backlog.memoryBytes - before }
        do throws(SpoolError) {
            for piece in pieces {
                try backlog.append(
                    piece,
                    memoryLimit: core.backlogLimit(isStream: exchange.isStream),
                    directory: core.configuration.spoolDirectory,
                    budget: core.spool,
                    allocator: context.channel.allocator
                )
            }
        } catch {
            core.logger.error("a response could not be kept for its client", metadata: ["error": "\(error)"])
            breakOff()
        }
    }

    func continued(_ exchange: Exchange, file: SpoolFile, offset: Int, count: Int) {
        guard !response.isBroken, response.framing != .none else { return }
        let count = min(count, response.remaining ?? count)
        if let remaining = response.remaining { response.remaining = remaining - count }
        response.bodyBytes += count
        backlog.append(file, offset: offset, count: count)
        drainBacklog()
    }

    func ended(_ exchange: Exchange) {
        guard phase == .exchange, !response.isBroken else { return }
        if response.addition != nil { append(exchange) }
        response.isComplete = true
        if backlog.isEmpty {
            finishResponse()
        } else {
            // Nobody else will: the exchange is over, and only what is flushed makes the channel writable again.
            flush()
            drainBacklog()
        }
    }

    func failed(_ exchange: Exchange, _ failure: ExchangeFailure) {
        guard phase != .closed, phase != .lingering else { return }
        if response.hasBegun {
            breakOff()
            return
        }
        let id = core.dispatcher.requestIDs.text(exchange.number)
        switch failure {
        case .refused(let cause):
            tell(cause.rawValue)
            // A place becomes free when somebody leaves, whatever the queue does.
            let seconds =
                cause == .noSeat
                ? Self.doorSeconds
                : core.dispatcher.queue.retryAfterSeconds(
                    at: MonotonicClock.now(),
                    random: .random(in: .min ... .max)
                )
            respond(status: 503, message: cause.sentence, retryAfter: seconds, closes: true)
        case .workerDied:
            answer(id, status: 502, message: "Bad Gateway: the worker ended before it answered")
        case .timedOut(let limit):
            answer(
                id,
                status: 504,
                message: "Gateway Timeout: the application did not answer within \(DeathReport.seconds(limit))"
            )
        case .notStarted:
            guard let failure = core.codeFailure else {
                respond(status: 503, message: "Service Unavailable: the app is being started.", closes: true)
                return
            }
            standIn(failure)
        case .aborted:
            answer(id, status: 500, message: "Internal Server Error")
        case .tooManySockets:
            refuse(.tooManyWebSockets)
        case .undeliverable:
            answer(id, status: 500, message: "Internal Server Error: the request did not reach the application")
        }
    }

    func paused(_ exchange: Exchange) {
        flush()
    }

    /// Answers a request of which the app says nothing.
    ///
    /// The connection goes on: its request was read to the end.
    private func answer(_ id: String, status: Int, message: String) {
        let request = parser.head
        response.status = status
        let keepsAlive = request.keepsAlive && !inputIsClosed && !core.isDraining && !isRestTooLong
        write(
            ByteBuffer(
                bytes: RefusalResponse.bytes(
                    status: status,
                    message: "\(message) (request \(id)).",
                    date: core.date,
                    keepsAlive: keepsAlive,
                    isHEAD: request.isHEAD,
                    minorVersion: request.minorVersion,
                    requestID: id
                )
            )
        )
        account()
        goOn(keepsAlive: keepsAlive)
    }

    /// Lets go of all that belongs to one request: its spool file most of all.
    func forgetRequest() {
        exchange = nil
        head = ByteBuffer()
        body = RequestBody()
        response = ResponseProgress()
        if upload != nil { upload = nil }
        if chunks != nil { chunks = nil }
        handshakeAccept = nil
        handshakeCompression = nil
    }

    /// The whole response is written: goes on to the next request, or closes.
    func finishResponse() {
        if let remaining = response.remaining, remaining > 0 {
            // Shorter than promised: the client must see that it is not whole.
            core.logger.error(
                "a response was shorter than its Content-Length",
                metadata: ["missing_bytes": "\(remaining)"]
            )
            breakOff()
            return
        }
        if response.framing == .chunked { write(response.ending ?? ByteBuffer(staticString: "0\r\n\r\n")) }
        account()
        // With patience a promise to keep the connection is kept, for one more request.
        goOn(keepsAlive: response.keepsAlive && !inputIsClosed && (!core.isDraining || core.idleGrace > .zero))
    }

    /// Goes on to the next request, or closes.
    private func goOn(keepsAlive: Bool) {
        let isUnread = upload?.isComplete == false
        if isUnread, keepsAlive, beginDropping() { return }
        forgetRequest()
        guard keepsAlive, !isUnread else {
            closeGently()
            return
        }
        awaitRequest()
    }

    /// Waits for the next request, or takes it up.
    func awaitRequest() {
        parser.reset()
        phase = .head
        let now = MonotonicClock.now()
        answeredAt = now
        let keepAlive = Nanoseconds(core.configuration.timeouts.keepAlive)
        deadline = now + (core.isDraining ? min(keepAlive, core.idleGrace) : keepAlive)
        if inbound.readableBytes > 0 {
            setReading(true)
            process()
        } else {
            setReading(true)
        }
        flush()
    }
}
