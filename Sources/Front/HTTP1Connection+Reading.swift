internal import HTTPCodec
internal import Logging
internal import NIOCore
internal import RequestQueue
internal import Telemetry

/// From bytes to a whole request.
extension HTTP1Connection {
    /// How much of the next requests is read while one is answered.
    static let aheadBytes = 64 << 10

    /// Goes as far as the bytes reach.
    func process() {
        // An answer given at once comes back here: the loop below goes on with it.
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while true {
            switch phase {
            case .preamble:
                guard readPreamble() else { return }
            case .head:
                guard readHead() else { return }
            case .body:
                guard readBody() else { return }
            case .exchange:
                if upload != nil {
                    sendUpload()
                } else if inbound.readableBytes > Self.aheadBytes {
                    setReading(false)
                }
                return
            case .dropping:
                guard dropRest() else { return }
            case .lingering, .closed:
                return
            }
        }
    }

    func setReading(_ on: Bool) {
        guard isReading != on, let context else { return }
        isReading = on
        // Takes effect at once: the loop is this one. An error would mean that the channel is gone.
        try? context.channel.syncOptions?.setOption(.autoRead, value: on)
    }

    // MARK: Head

    /// - Returns: Whether there is more to do now.
    private func readHead() -> Bool {
        guard inbound.readableBytes > 0 else { return false }
        switch inbound.withUnsafeReadableBytes({ parser.parse($0) }) {
        case .incomplete:
            // The clock runs from the first byte, not from every byte.
            if !headHasBegun {
                headHasBegun = true
                deadline = MonotonicClock.now() + Nanoseconds(core.configuration.timeouts.head)
            }
            return false
        case .refused(let refusal):
            refuse(refusal)
            return false
        case .complete(let byteCount):
            guard let slice = inbound.readSlice(length: byteCount) else { return false }
            head = slice
            headHasBegun = false
            return begin()
        }
    }

    /// Judges a complete head and decides how its body is read.
    private func begin() -> Bool {
        let now = MonotonicClock.now()
        let exchange = core.dispatcher.makeExchange(for: self)
        self.exchange = exchange
        do throws(Refusal) {
            try describe(exchange, at: now)
            if parser.head.requestsUpgrade { try judgeHandshake(exchange) }
            route(exchange, at: now)
        } catch {
            refuse(error)
            return false
        }
        let limit = core.configuration.maximumBodyBytes
        switch parser.head.framing {
        case .none:
            submit(exchange, at: now)
            return true
        case .length(let length) where limit > 0 && length > limit:
            refuse(.bodyTooLarge(limit))
            return false
        case .length(0):
            submit(exchange, at: now)
            return true
        case .length, .chunked:
            break
        }
        chunks = parser.head.framing == .chunked ? ChunkedBodyDecoder(limits: core.configuration.limits) : nil
        bodyMark = (now, 0)
        bodyReceived = 0
        if isToBeStreamed { return beginUpload(exchange, at: now) }
        // Refused before the body is read, so that a full queue costs nobody an upload.
        if case .refuse(let cause) = core.dispatcher.queue.admission(
            client: exchange.client,
            class: exchange.requestClass,
            upstreamWait: exchange.upstreamWait,
            worker: exchange.worker
        ) {
            core.dispatcher.queue.recordRefusal(cause)
            core.dispatcher.metrics.refuse(cause: cause.rawValue)
            failed(exchange, .refused(cause))
            return false
        }
        if case .length(let length) = parser.head.framing, length > core.configuration.bodyMemoryBytes,
            let refusal = core.refusalOfSpooling(length)
        {
            refuse(refusal)
            return false
        }
        if parser.head.expectsContinue && inbound.readableBytes == 0 {
            write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
            flush()
        }
        phase = .body
        return true
    }

    // MARK: Body

    /// - Returns: Whether the body is complete and there is more to do.
    private func readBody() -> Bool {
        guard let exchange else { return false }
        do {
            if chunks != nil {
                guard try readChunks() else { return false }
            } else if case .length(let length) = parser.head.framing {
                guard try readLength(length) else { return false }
            }
        } catch let refusal as Refusal {
            refuse(refusal)
            return false
        } catch {
            if let others = core.spoolLines.take(at: MonotonicClock.now()) {
                var metadata: Logger.Metadata = ["error": "\(error)"]
                if others > 0 { metadata["others_not_shown"] = "\(others)" }
                core.logger.error("a request body could not be kept", metadata: metadata)
            }
            refuse(.noRoomForBody)
            return false
        }
        chunks = nil
        submit(exchange, at: MonotonicClock.now())
        return true
    }

    private func readLength(_ length: Int) throws -> Bool {
        if length <= core.configuration.bodyMemoryBytes {
            // A small body is where it was read to: no copy.
            bodyReceived = inbound.readableBytes
            guard let slice = inbound.readSlice(length: length) else { return false }
            body = RequestBody(slice)
            return true
        }
        let count = min(inbound.readableBytes, length - body.byteCount)
        try inbound.readWithUnsafeReadableBytes { bytes in
            try keep(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            return count
        }
        inbound.discardReadBytes()
        bodyReceived = body.byteCount
        return body.byteCount == length
    }

    private func readChunks() throws -> Bool {
        var isComplete = false
        try inbound.readWithUnsafeReadableBytes { bytes in
            var failure: (any Error)?
            let limit = core.configuration.maximumBodyBytes
            let result = try chunks?.decode(bytes) { data in
                guard failure == nil else { return }
                guard limit == 0 || body.byteCount + data.count <= limit else {
                    failure = Refusal.bodyTooLarge(limit)
                    return
                }
                do { try keep(data) } catch { failure = error }
            }
            if let failure { throw failure }
            isComplete = result?.isComplete ?? false
            bodyReceived += result?.consumed ?? 0
            return result?.consumed ?? 0
        }
        inbound.discardReadBytes()
        return isComplete
    }

    private func keep(_ bytes: UnsafeRawBufferPointer) throws(SpoolError) {
        try body.append(
            bytes,
            memoryLimit: core.configuration.bodyMemoryBytes,
            directory: core.configuration.spoolDirectory,
            budget: core.spool
        )
    }
}
