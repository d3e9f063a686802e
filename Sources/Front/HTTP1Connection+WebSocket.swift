internal import HTTPCodec
internal import Logging
internal import NIOCore
internal import RequestQueue
internal import Telemetry
internal import WebSocketCodec
internal import WorkerLink

/// Requests that ask for a WebSocket, up to the moment from which ``WebSocketConnection`` has the connection.
extension HTTP1Connection {
    /// Finds out whether a request that asks for another protocol asks for a WebSocket.
    ///
    /// For a WSGI app it is a request like any other, as HTTP allows (RFC 9110 section 7.8).
    ///
    /// - Throws: A refusal, when it does so wrongly.
    func judgeHandshake(_ exchange: Exchange) throws(Refusal) {
        var handshake = Handshake()
        let verdict = head.withUnsafeReadableBytes { bytes in
            for field in parser.head.fields {
                handshake.take(name: field.name.bytes(in: bytes), value: field.value.bytes(in: bytes))
            }
            return handshake.verdict(
                isGET: parser.head.method.bytes(in: bytes).elementsEqual("GET".utf8),
                hasBody: parser.head.framing != .none && parser.head.framing != .length(0)
            )
        }
        switch verdict {
        case .ordinary:
            return
        case .webSocket(let accept):
            // Asked once more when a worker is chosen.
            guard !core.dispatcher.areSocketsFull else { throw .tooManyWebSockets }
            try agreeOnCompression(handshake.extensions)
            handshakeAccept = accept
            exchange.isHandshake = true
        case .bad(let message):
            guard core.dispatcher.streamsBodies else { return }
            throw Refusal(status: 400, cause: .badHandshake, message: "Bad Request: \(message).")
        case .unsupportedVersion:
            guard core.dispatcher.streamsBodies else { return }
            throw Refusal(
                status: 426,
                cause: .badHandshake,
                message: "Upgrade Required: this server speaks version 13 of the WebSocket protocol."
            )
        }
    }

    /// - Throws: A refusal, when what the client offers can't be read.
    private func agreeOnCompression(_ offers: [UInt8]) throws(Refusal) {
        guard core.configuration.webSockets.compresses, core.dispatcher.streamsBodies else { return }
        do throws(DeflateAgreement.MalformedOffers) {
            handshakeCompression = try DeflateAgreement.reached(on: offers)
        } catch {
            let message = "Bad Request: Sec-WebSocket-Extensions can't be read."
            throw Refusal(status: 400, cause: .badHandshake, message: message)
        }
    }

    func opened(
        _ exchange: Exchange,
        _ envelope: ResponseEnvelope.Reader,
        _ stream: SocketStream
    ) -> (any SocketOwner)? {
        guard phase == .exchange, let context, let handshakeAccept else { return nil }
        guard !inputIsClosed else {
            close()
            return nil
        }
        guard let buffer = encodeUpgrade(exchange, envelope, handshakeAccept) else {
            respond(status: 502, message: "Bad Gateway: the application's response can't be sent.", closes: true)
            return nil
        }
        response.status = 101
        core.dispatcher.metrics.answered(method: .get, status: 101)
        let now = MonotonicClock.now()
        let socket = WebSocketConnection(
            core: core,
            stream: stream,
            inbound: inbound,
            isReading: isReading,
            compression: handshakeCompression,
            acknowledged: TCPInformation.acknowledgedBytes(of: context.channel) ?? 0,
            account: SocketAccount(core.accessLog == nil ? nil : accessLogLine(), at: now),
            now: now
        )
        write(buffer)
        flush()
        phase = .closed
        core.handOver(self, to: socket)
        forgetRequest()
        inbound = ByteBuffer()
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(socket, position: .after(self))
        } catch {
            // The channel is going.
            context.close(promise: nil)
            socket.left()
            return nil
        }
        pipeline.removeHandler(self, promise: nil)
        // A server that stops opens nothing any more.
        if core.isDraining { core.loop.assumeIsolated().execute { socket.drain() } }
        return socket
    }

    /// - Returns: nil when the app's response can't be sent.
    private func encodeUpgrade(
        _ exchange: Exchange,
        _ envelope: ResponseEnvelope.Reader,
        _ accept: [UInt8]
    ) -> ByteBuffer? {
        let payload = core.copied(envelope.head)
        let cookie = cookie(for: exchange)
        let extensions = handshakeCompression?.answer ?? []
        let room =
            ResponseEncoder.maximumByteCount(
                payloadByteCount: payload.count,
                serverNameByteCount: core.serverName.count,
                cookieByteCount: cookie.count
            ) + accept.count + extensions.count
        var buffer = ByteBuffer()
        var failure: ResponseViolation?
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { output in
            do throws(ResponseViolation) {
                return try ResponseEncoder.encodeUpgrade(
                    head: ResponseHead(payload: payload, statuses: 101...101),
                    accept: accept,
                    extensions: extensions,
                    date: core.date,
                    serverName: core.serverName,
                    cookie: cookie,
                    into: output
                )
            } catch {
                failure = error
                return 0
            }
        }
        guard let failure else { return buffer }
        core.logger.error(
            "a response can't be sent",
            metadata: [
                "request": "\(core.dispatcher.requestIDs.text(exchange.number))",
                "cause": "\(failure.cause.rawValue)", "reason": "\(failure.message)",
            ]
        )
        return nil
    }
}
