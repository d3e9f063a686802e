internal import HTTPCodec
internal import NIOCore
internal import RequestQueue
internal import Sessions
internal import WorkerLink

/// What a request shows of its session.
extension HTTP1Connection {
    /// Returns it.
    ///
    /// - Parameters:
    ///   - request: The head of the request.
    ///   - bytes: Its bytes.
    ///   - rule: By what sessions are known.
    /// - Returns: What it shows, as far as the rule asks for it.
    func stickyRequest(
        _ request: RequestHead,
        _ bytes: UnsafeRawBufferPointer,
        _ rule: StickyRule
    ) -> StickyRequest {
        let configuration = core.configuration.sticky
        var sticky = StickyRequest()
        let path = appPath(of: request, bytes)
        sticky.opensSocket = handshakeAccept != nil
        if core.dispatcher.sticky.hasDoor {
            sticky.isAtDoor = configuration.doors.contains { path.starts(with: $0.utf8) }
        }
        sticky.address = origin.address.map(session(of:))
        switch rule {
        case .off, .address:
            break
        case .cookie:
            for field in request.fields where field.known == .cookie && sticky.cookie == nil {
                sticky.cookie = configuration.cookie.session(in: field.value.bytes(in: bytes))
            }
            if sticky.cookie == nil { sticky.isPartOfPage = isPartOfPage(request, bytes) }
            let named =
                sticky.opensSocket ? protocolSession(request, bytes) : SessionHint.streamlitSession(inPath: path)
            sticky.alias = named.map { SessionID(hashing: $0, from: .streamlit) }
        case .header(let name):
            let field = request.fields.first { isNamed($0, name, bytes) && $0.value.count > 0 }
            sticky.key = field.map { SessionID(hashing: $0.value.bytes(in: bytes), from: .request) }
        case .query(let name):
            let value = SessionHint.parameter(name, in: request.query.bytes(in: bytes))
            sticky.key = value.map { SessionID(hashing: $0, from: .request) }
        case .path(let place):
            let value = SessionHint.segment(place, of: path)
            sticky.key = value.map { SessionID(hashing: $0, from: .request) }
        }
        return sticky
    }

    /// What `Set-Cookie` says in the app's answer to a request; empty for none.
    func cookie(for exchange: Exchange) -> [UInt8] {
        guard core.dispatcher.sticky.isActive else { return [] }
        if exchange.session == nil { adopt(exchange) }
        return core.dispatcher.sticky.cookie(for: exchange, isSecure: origin.scheme == .https)
    }

    /// Finds out the session that a request belongs to, and its worker; what it asks for is known.
    func route(_ exchange: Exchange, at now: Instant) {
        guard core.dispatcher.sticky.isActive, let rule = core.dispatcher.sticky.router?.rule else { return }
        let request = head.withUnsafeReadableBytes { stickyRequest(parser.head, $0, rule) }
        core.dispatcher.sticky.route(exchange, request, at: now)
    }

    /// Has a request that belonged to no session when it came belong to one of the worker that has answered it.
    private func adopt(_ exchange: Exchange) {
        guard let rule = core.dispatcher.sticky.router?.rule else { return }
        let request = head.withUnsafeReadableBytes { stickyRequest(parser.head, $0, rule) }
        core.dispatcher.sticky.adopt(exchange, request, at: MonotonicClock.now())
    }

    private func isPartOfPage(_ request: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let field = request.fields.first { isNamed($0, "sec-fetch-dest", bytes) }
        return field.map { SessionHint.isPartOfPage(fetchedFor: $0.value.bytes(in: bytes)) } ?? false
    }

    private func protocolSession(
        _ request: RequestHead,
        _ bytes: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        let lines = request.fields.filter { isNamed($0, "sec-websocket-protocol", bytes) }
        return SessionHint.streamlitSession(inProtocols: lines.map { $0.value.bytes(in: bytes) })
    }

    private func isNamed(_ field: Field, _ name: String, _ bytes: UnsafeRawBufferPointer) -> Bool {
        field.name.count == name.utf8.count && isEqual(field.name.bytes(in: bytes), name)
    }

    /// Returns whether bytes are a text in lower case, their letters' case aside.
    private func isEqual(_ bytes: UnsafeRawBufferPointer, _ text: String) -> Bool {
        bytes.elementsEqual(text.utf8) { byte, letter in
            byte == letter || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) && byte | 0x20 == letter
        }
    }

    /// One customer of IPv6 has a whole /64.
    private func session(of address: IPAddress) -> SessionID {
        withUnsafeBytes(of: (address.high, address.isIPv4 ? address.low : 1)) {
            SessionID(hashing: $0, from: .address)
        }
    }
}
