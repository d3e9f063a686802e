internal import HTTPCodec
internal import NIOCore
internal import RequestQueue
internal import Telemetry
internal import WorkerLink

/// Request bodies that go on to the app as they come, see ``RequestUpload``.
///
/// ```
/// socket ──▶ inbound ──decoded──▶ pending ──frames──▶ ring ──▶ the app's receive()
///    ▲ read only while pending has room      ▲ sent only while the window is open
/// ```
extension HTTP1Connection {
    /// How long the rest of a body may take whose request is answered already.
    private static let droppingTime = Nanoseconds.seconds(10)

    /// Whether the body of the request at hand is sent on as it comes.
    var isToBeStreamed: Bool {
        guard core.dispatcher.streamsBodies else { return false }
        if case .length(let length) = parser.head.framing {
            return length > min(RequestUpload.smallest, core.configuration.bodyMemoryBytes)
        }
        return true
    }

    /// Offers a request whose body is still coming.
    ///
    /// - Returns: Whether there is more to do.
    func beginUpload(_ exchange: Exchange, at now: Instant) -> Bool {
        upload = RequestUpload()
        do {
            try readUpload()
        } catch {
            refuse(error)
            return false
        }
        if let upload, upload.isComplete {
            // All there with the head: like any other.
            body = RequestBody(upload.pending)
            self.upload = nil
            chunks = nil
        }
        submit(exchange, at: now)
        if phase == .exchange, upload != nil { sendUpload() }
        return true
    }

    // MARK: From the client

    /// Decodes what has come, as far as it may be kept.
    private func readUpload() throws(Refusal) {
        // Taken out, so that it is changed in place.
        guard var upload else { return }
        self.upload = nil
        defer { self.upload = upload }
        if case .length(let length) = parser.head.framing {
            let count = min(inbound.readableBytes, length - bodyReceived, upload.room)
            if count > 0, let slice = inbound.readSlice(length: count) {
                upload.append(slice)
                bodyReceived += count
            }
            upload.isComplete = bodyReceived == length
            if !upload.isComplete, inbound.readableBytes > 0 { inbound.discardReadBytes() }
            return
        }
        let limit = core.configuration.maximumBodyBytes
        while !upload.isComplete, upload.room > 0, inbound.readableBytes > 0 {
            var failure: Refusal?
            let consumed = inbound.readWithUnsafeReadableBytes { bytes in
                do throws(Refusal) {
                    let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(upload.room))
                    let result = try chunks?.decode(part) { upload.append($0) }
                    upload.isComplete = result?.isComplete ?? true
                    return result?.consumed ?? 0
                } catch {
                    failure = error
                    return 0
                }
            }
            bodyReceived += consumed
            if limit > 0, upload.byteCount > limit { throw .bodyTooLarge(limit) }
            if let failure { throw failure }
            if consumed == 0 { break }
        }
        if !upload.isComplete, inbound.readableBytes > 0 { inbound.discardReadBytes() }
    }

    // MARK: To the worker

    /// Writes the request, with as much of its body as has come and fits the frame.
    func writeUpload(
        _ exchange: Exchange,
        to seat: WorkerSeat,
        lane: Int,
        client: PeerAddress,
        text: Int
    ) -> FrameClaim? {
        // Not for a thread, which waits for no client: a reload has changed the app from ASGI to WSGI meanwhile.
        guard seat.isLoop, let upload, !upload.isHandedOver else { return nil }
        let count = RequestEnvelopeWriter.byteCount(fields: envelopeFields, textBytes: text, inlineBody: 0)
        let inline = min(upload.pending.readableBytes, max(0, seat.requestPayloadBytes - count))
        let isWhole = upload.isComplete && inline == upload.pending.readableBytes
        guard let bytes = upload.pending.getSlice(at: upload.pending.readerIndex, length: inline),
            let claim = seat.send(
                .request,
                to: lane,
                stream: exchange.stream,
                count: count + inline,
                fill: { payload in
                    fill(payload, exchange, client: client, text: text, flags: isWhole ? [] : .bodyFollows, bytes)
                }
            )
        else { return nil }
        self.upload?.pending.moveReaderIndex(forwardBy: inline)
        self.upload?.isHandedOver = true
        self.upload?.isSent = isWhole
        // Now there is somebody who wants it.
        if parser.head.expectsContinue, bodyReceived == 0 {
            write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
            flush()
        }
        return claim
    }

    func bodyMayGoOn(_ exchange: Exchange) {
        if upload != nil { sendUpload() }
    }

    var awaitsClient: Bool {
        // Some of a response waits in the channel, and that may be all.
        !backlog.isEmpty || context?.channel.isWritable == false || (upload?.isComplete == false && isReading)
    }

    var isRepeatable: Bool { upload?.isHandedOver != true }

    /// Sends on what has come, as far as the app takes it, and reads on where it does.
    func sendUpload() {
        do {
            while phase == .exchange, let exchange {
                try readUpload()
                guard let upload, !upload.isSent else { break }
                if exchange.stage == .ended {
                    // The answer is over, and only waits for its client, which may read it when it has said all.
                    guard upload.pending.readableBytes > 0, upload.droppedBytes < Self.lingerBytes else { break }
                    self.upload?.drop()
                    continue
                }
                guard upload.isHandedOver, sendPending(of: exchange, upload) else { break }
            }
        } catch {
            return endUpload(error)
        }
        guard phase == .exchange, let upload else { return }
        if inputIsClosed {
            // What is missing will not come; what is there has been looked at.
            guard upload.isComplete || upload.room == 0 else { return endEarly() }
            if upload.isSent, let exchange { core.dispatcher.depart(exchange, .halfClosed) }
        }
        let reads = upload.isComplete ? inbound.readableBytes <= Self.aheadBytes : upload.room > 0
        // The clock of a slow client runs while it is listened to.
        if reads, !isReading { bodyMark = (MonotonicClock.now(), bodyReceived) }
        setReading(reads)
    }

    /// - Returns: Whether something was sent.
    private func sendPending(of exchange: Exchange, _ upload: RequestUpload) -> Bool {
        let count = min(upload.pending.readableBytes, LinkGeometry.loopRequestChunkBytes)
        let isLast = upload.isComplete && count == upload.pending.readableBytes
        guard count > 0 || isLast else { return false }
        let isSent = upload.pending.withUnsafeReadableBytes { bytes in
            core.dispatcher.sendBody(.init(rebasing: bytes[..<count]), of: exchange, isLast: isLast)
        }
        guard isSent else { return false }
        self.upload?.pending.moveReaderIndex(forwardBy: count)
        if isLast { self.upload?.isSent = true }
        return true
    }

    // MARK: Ends

    /// Ends a request whose body is no good: with an answer where none has begun.
    private func endUpload(_ refusal: Refusal) {
        if response.hasBegun { breakOff() } else { refuse(refusal) }
    }

    /// Ends a request whose client has closed its side before the end of the body.
    private func endEarly() {
        if response.hasBegun {
            breakOff()
        } else {
            tell("ended_early")
            respond(status: 400, message: "Bad Request: the request ended too early.", closes: true)
        }
    }

    /// Whether the client is slower with its body than it may be, while the app would take more.
    func isTooSlow(at now: Instant) -> Bool {
        guard let upload, !upload.isComplete, isReading, exchange?.stage != .ended else { return false }
        return isBodyTooSlow(at: now)
    }

    /// Ends a request whose body comes too slowly.
    func endSlowUpload() {
        note(refusal: "body_timeout")
        if response.hasBegun {
            breakOff()
        } else {
            respond(status: 408, message: "Request Timeout: the body arrived too slowly.", closes: true)
        }
    }

    /// Whether more of the body is still to come than is worth waiting for, once its request is answered: then the
    /// connection ends with the answer.
    var isRestTooLong: Bool {
        guard let upload, !upload.isComplete, case .length(let length) = parser.head.framing else { return false }
        return length - bodyReceived > Self.lingerBytes
    }

    /// Begins to throw away the rest of a body whose request is answered, so that the connection can go on.
    ///
    /// - Returns: false when it is too much.
    func beginDropping() -> Bool {
        if isRestTooLong { return false }
        exchange = nil
        head = ByteBuffer()
        response = ResponseProgress()
        upload?.drop()
        phase = .dropping
        deadline = MonotonicClock.now() + Self.droppingTime
        flush()
        setReading(true)
        process()
        return true
    }

    /// Throws away what has come.
    ///
    /// - Returns: Whether the body is over and there is more to do.
    func dropRest() -> Bool {
        do {
            var received = -1
            while upload?.isComplete == false, received != bodyReceived {
                received = bodyReceived
                try readUpload()
                upload?.drop()
            }
        } catch {
            closeGently()
            return false
        }
        guard upload?.isComplete != true else {
            forgetRequest()
            awaitRequest()
            return true
        }
        if inputIsClosed || (upload?.droppedBytes ?? 0) > Self.lingerBytes { closeGently() }
        return false
    }
}
