internal import HTTPCodec
internal import Logging
internal import NIOCore
internal import RequestQueue
internal import Sessions
internal import Telemetry
internal import WorkerLink
internal import Workers

/// From a whole request to a worker's lane.
extension HTTP1Connection {
    /// Reads the PROXY protocol header, which must come first where it is asked for.
    ///
    /// - Returns: Whether it is complete.
    func readPreamble() -> Bool {
        let outcome = inbound.withUnsafeReadableBytes { ProxyProtocolParser().parse($0) }
        switch outcome {
        case .incomplete:
            return false
        case .refused(let message):
            // No answer: the specification wants none, and the peer may not speak HTTP.
            tellPreamble("\(message)")
            close()
            return false
        case .complete(let byteCount, let header):
            inbound.moveReaderIndex(forwardBy: byteCount)
            switch header.source {
            case .address(let address, let port): peer = PeerAddress(.address(address, port: port))
            case .unix: peer = PeerAddress(.unix)
            case .unknown: break
            }
            phase = .head
            return true
        }
    }

    /// Finds out who asks, how urgent it is, and which fields the app gets.
    func describe(_ exchange: Exchange, at now: Instant) throws(Refusal) {
        let request = parser.head
        let trusted = core.configuration.trustedProxies
        var failure: Refusal?
        head.withUnsafeReadableBytes { bytes in
            do throws(Refusal) {
                origin = try ClientOrigin.resolved(
                    head: request,
                    bytes: bytes,
                    peer: peer.peer,
                    scheme: .http,
                    trusted: trusted,
                    rule: core.configuration.forwardingRule,
                    readsPort: core.configuration.readsForwardedPort
                )
            } catch {
                failure = error
                return
            }
            var kept = 0
            var hasHost = false
            takesTrailers = false
            for field in request.fields {
                if isKept(field) { kept += 1 }
                if field.known == .host { hasHost = true }
                if field.known == .te, request.minorVersion > 0, field.value.bytes(in: bytes).namesTrailers {
                    takesTrailers = true
                }
                if field.known == .xRequestStart || field.known == .xQueueStart, trusted.contains(peer.peer),
                    let wait = XRequestStart.upstreamWait(
                        value: field.value.bytes(in: bytes),
                        now: MonotonicClock.wallMicroseconds()
                    )
                {
                    exchange.upstreamWait = Nanoseconds(UInt64(wait) * 1000)
                }
            }
            addsHost = !hasHost && !origin.host.isEmpty
            envelopeFields = kept + (addsHost ? 1 : 0)
            exchange.requestClass = requestClass(of: request, bytes, at: now)
            if !core.requestTimeouts.isEmpty {
                exchange.deadline.limit = core.requestTimeouts.limit(for: appPath(of: request, bytes))
            }
        }
        if let failure { throw failure }
        if let address = origin.address, !address.isLoopback, !trusted.contains(address) {
            // One customer of IPv6 has a whole /64.
            exchange.client = ClientKey(high: address.high, low: address.isIPv4 ? address.low : 1)
        }
    }

    private static let hostName: StaticString = "Host"

    /// Names with an underscore would be taken for those with a hyphen once they are in the environ; `Proxy` for the
    /// variable HTTP_PROXY.
    ///
    /// Transfer-Encoding stays, though it was undone here: ASGI middleware tells by it that a body comes. The library
    /// keeps it from WSGI, where Content-Length says how long the body is.
    private func isKept(_ field: Field) -> Bool {
        !field.hasUnderscore && field.known != .proxy
            && (field.known != .acceptEncoding || !core.configuration.hidesAcceptEncoding)
    }

    private func requestClass(of request: RequestHead, _ bytes: UnsafeRawBufferPointer, at now: Instant) -> RequestClass
    {
        let path = appPath(of: request, bytes)
        for prefix in core.configuration.criticalPaths where path.starts(with: prefix.utf8) { return .critical }
        for prefix in core.configuration.sheddablePaths where path.starts(with: prefix.utf8) { return .sheddable }
        let isFirst = answeredAt.map { now.since($0) > .seconds(1) } ?? true
        let method = request.method.bytes(in: bytes)
        let isLearned = core.openingPaths.opens(method, path, isFirst: isFirst)
        for field in request.fields where field.known == .secFetchDest {
            // A browser, which says what the answer is for.
            return field.value.bytes(in: bytes).elementsEqual("document".utf8) ? .opening : .standard
        }
        return isLearned && method.elementsEqual("GET".utf8) ? .opening : .standard
    }

    /// The path of a request below the root path, whether or not a proxy has taken that off.
    func appPath(of request: RequestHead, _ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        core.configuration.rootPath.rest(of: request.path.bytes(in: bytes))
    }

    /// Offers the complete request.
    func submit(_ exchange: Exchange, at now: Instant) {
        phase = .exchange
        if let failure = core.codeFailure, core.dispatcher.queue.threads == 0 { return standIn(failure) }
        core.dispatcher.submit(exchange, at: now)
    }

    func write(_ exchange: Exchange, to seat: WorkerSeat, lane: Int) -> FrameClaim? {
        let client =
            origin.address.map { $0.isSame(as: peer.peer) ? peer : PeerAddress(.address($0, port: origin.port ?? 0)) }
            ?? peer
        let text =
            head.readableBytes + client.address.count + client.port.count + RequestID.byteCount + listener.host.count
            + listener.port.count + (addsHost ? Self.hostName.utf8CodeUnitCount : 0) + addedPort.count
        if upload != nil { return writeUpload(exchange, to: seat, lane: lane, client: client, text: text) }
        var inline = body.file == nil ? body.byteCount : 0
        var count = RequestEnvelopeWriter.byteCount(fields: envelopeFields, textBytes: text, inlineBody: inline)
        if count > seat.requestPayloadBytes, inline > 0 || !seat.isLoop {
            let directory = core.configuration.spoolDirectory
            guard inline > 0, (try? body.moveToFile(in: directory, budget: core.spool)) != nil else { return nil }
            inline = 0
            count = RequestEnvelopeWriter.byteCount(fields: envelopeFields, textBytes: text, inlineBody: 0)
        }
        if let file = body.file, !seat.worker.send(file: file.descriptor, stream: exchange.stream) { return nil }
        return seat.send(.request, to: lane, stream: exchange.stream, count: count) { payload in
            var flags: RequestEnvelope.Flags = body.file != nil ? .bodyIsFile : []
            if exchange.socket != nil { flags.insert(.webSocket) }
            fill(payload, exchange, client: client, text: text, flags: flags, body.memory)
        }
    }

    /// The bytes of the host with the port that a proxy's field adds to it; none where none adds one.
    private var addedPort: [UInt8] {
        guard let port = origin.addedPort else { return [] }
        return head.withUnsafeReadableBytes { Array(origin.host.bytes(in: $0)) } + Array(":\(port)".utf8)
    }

    private func hostSpan(in writer: inout RequestEnvelopeWriter) -> TextSpan {
        guard origin.addedPort != nil else { return TextSpan(origin.host) }
        return addedPort.withUnsafeBytes { writer.append($0) }
    }

    var isSafe: Bool {
        head.withUnsafeReadableBytes { RetryRule.isSafe(method: parser.head.method.bytes(in: $0)) }
    }

    var route: String {
        head.withUnsafeReadableBytes { bytes in
            let request = parser.head
            let method = EscapedText.line(String(decoding: request.method.bytes(in: bytes).prefix(24), as: UTF8.self))
            let path = request.path.bytes(in: bytes)
            let shown = EscapedText.line(String(decoding: path.prefix(120), as: UTF8.self))
            return "\(method) \(shown)\(path.count > 120 ? "…" : "")"
        }
    }

    var canBeStaged: Bool { upload == nil && body.file == nil && head.readableBytes + body.byteCount < 4096 }

    /// Writes a request's envelope.
    ///
    /// - Parameters:
    ///   - payload: Where to.
    ///   - exchange: The request.
    ///   - client: Whom the app sees.
    ///   - text: Bytes of text, see ``RequestEnvelopeWriter``.
    ///   - flags: What the envelope says about the body.
    ///   - bytes: The body, as far as it is in the frame.
    func fill(
        _ payload: UnsafeMutableRawBufferPointer,
        _ exchange: Exchange,
        client: PeerAddress,
        text: Int,
        flags: RequestEnvelope.Flags,
        _ bytes: ByteBuffer
    ) {
        let request = parser.head
        var flags = flags
        if origin.scheme == .https { flags.insert(.https) }
        if request.minorVersion == 0 { flags.insert(.http10) }
        if takesTrailers { flags.insert(.takesTrailers) }
        var writer = RequestEnvelopeWriter(
            payload,
            flags: flags,
            fields: envelopeFields,
            textBytes: text,
            bodyBytes: flags.contains(.bodyIsFile) ? body.byteCount : bytes.readableBytes,
            queuedAt: exchange.offeredAt.nanoseconds
        )
        // The head goes first: its spans are then the text's.
        head.withUnsafeReadableBytes { _ = writer.append($0) }
        writer.set(.method, TextSpan(request.method))
        writer.set(.target, TextSpan(request.target))
        writer.set(.path, TextSpan(request.path))
        writer.set(.query, TextSpan(request.query))
        for field in request.fields where isKept(field) {
            let value = field.known == .host ? hostSpan(in: &writer) : TextSpan(field.value)
            writer.addField(name: TextSpan(field.name), value: value)
        }
        if addsHost {
            let name = UnsafeRawBufferPointer(start: Self.hostName.utf8Start, count: Self.hostName.utf8CodeUnitCount)
            writer.addField(name: writer.append(name), value: hostSpan(in: &writer))
        }
        writer.set(.host, listener.host.withUnsafeBytes { writer.append($0) })
        writer.set(.port, listener.port.withUnsafeBytes { writer.append($0) })
        writer.set(.clientAddress, client.address.withUnsafeBytes { writer.append($0) })
        writer.set(.clientPort, client.port.withUnsafeBytes { writer.append($0) })
        withUnsafeTemporaryAllocation(byteCount: RequestID.byteCount, alignment: 8) { room in
            core.dispatcher.requestIDs.write(exchange.number, to: room)
            writer.set(.requestID, writer.append(UnsafeRawBufferPointer(room)))
        }
        if !flags.contains(.bodyIsFile), bytes.readableBytes > 0 {
            bytes.withUnsafeReadableBytes { bytes in
                if let base = bytes.baseAddress { writer.body.copyMemory(from: base, byteCount: bytes.count) }
            }
        }
    }

    /// Counts the answer, and writes it to the access log.
    func account(isCut: Bool = false) {
        let request = parser.head
        let hasHead = exchange != nil
        let method: MethodLabel =
            hasHead ? head.withUnsafeReadableBytes { MethodLabel(bytes: request.method.bytes(in: $0)) } : .other
        core.dispatcher.metrics.answered(
            method: method,
            status: response.status,
            requestBytes: UInt64(upload == nil ? body.byteCount : bodyReceived),
            responseBytes: UInt64(response.bodyBytes)
        )
        guard let accessLog = core.accessLog else { return }
        accessLog(accessLogLine(isCut: isCut))
    }

    /// The answer as the access log has it.
    func accessLogLine(isCut: Bool = false) -> AccessLogLine {
        let request = parser.head
        let hasHead = exchange != nil
        let now = MonotonicClock.wallMicroseconds()
        return head.withUnsafeReadableBytes { bytes in
            let glimpse = hasHead ? nil : understood
            let version = glimpse.map { String(decoding: $0.version, as: UTF8.self) }
            func value(_ name: FieldName) -> [UInt8]? {
                guard hasHead else { return nil }
                return request.fields.first { $0.known == name }.map { Array($0.value.bytes(in: bytes)) }
            }
            return AccessLogLine(
                time: UTCTime(seconds: now / 1_000_000, nanoseconds: now % 1_000_000 * 1000),
                client: origin.address?.description ?? "",
                method: glimpse?.method ?? Array(request.method.bytes(in: bytes)),
                target: glimpse?.target ?? Array(request.target.bytes(in: bytes)),
                version: version ?? "HTTP/1.\(request.minorVersion)",
                status: response.status,
                responseBytes: UInt64(response.bodyBytes),
                referer: value(.referer),
                userAgent: value(.userAgent),
                queueNanoseconds: exchange.flatMap { $0.stream == 0 ? nil : $0.takenAt.since($0.offeredAt).count },
                serviceNanoseconds: exchange.flatMap { $0.stream == 0 ? nil : $0.serviceTime.count },
                requestID: exchange.map { core.dispatcher.requestIDs.text($0.number) } ?? "-",
                isCut: isCut,
                cause: refusalCause
            )
        }
    }
}

extension TextSpan {
    fileprivate init(_ span: ByteSpan) {
        self.init(start: span.start, count: span.count)
    }
}

extension IPAddress {
    fileprivate func isSame(as peer: Peer) -> Bool {
        if case .address(let address, port: _) = peer { return address == self }
        return false
    }
}

extension MethodLabel {
    /// The label of a method token, by its bytes as one number: this runs once for every request.
    fileprivate init(bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= 7 else {
            self = .other
            return
        }
        var word: UInt64 = 0
        for byte in bytes { word = word << 8 | UInt64(byte) }
        self =
            switch word {
            case 0x47_45_54: .get
            case 0x48_45_41_44: .head
            case 0x50_4F_53_54: .post
            case 0x50_55_54: .put
            case 0x50_41_54_43_48: .patch
            case 0x44_45_4C_45_54_45: .delete
            case 0x4F_50_54_49_4F_4E_53: .options
            default: .other
            }
    }
}
