internal import CPython
internal import WorkerLink

extension AppStream {
    /// Whether a handshake may still be refused.
    var mayBeDenied: Bool {
        switch socket {
        case .requested, .connecting: true
        case .open, .denied, .closed, .lost: false
        }
    }

    /// Whether a handshake was refused with an answer of the application's own.
    var isDenied: Bool {
        if case .denied = socket { true } else { false }
    }
}

extension LoopLane {
    // What the application sends

    /// `websocket.accept`.
    func accept(_ stream: AppStream, _ message: borrowing OutgoingMessage) throws(SendError) -> SendOutcome {
        guard stream.mayBeDenied else { throw unexpected(message, stream) }
        var subprotocol: UnsafeRawBufferPointer?
        if let value = message.some(messages.subprotocol) {
            subprotocol = try Self.text(of: value, "websocket.accept: the subprotocol")
        }
        head.source = "websocket.accept"
        do throws(ApplicationMistake) {
            try head.set(status: 101, headers: message.value(messages.headers), subprotocol: subprotocol)
        } catch {
            throw .mistake(error)
        }
        stream.socket = .open
        stream.wasAccepted = true
        sendResponse(
            head.bytes,
            0,
            of: stream.id,
            bodyBytes: ResponseEnvelope.unknownLength,
            takenAt: stream.takenAt,
            body: UnsafeRawBufferPointer(start: nil, count: 0)
        )
        return .sent
    }

    /// `websocket.send`.
    func sendMessage(_ stream: AppStream, _ message: borrowing OutgoingMessage) throws(SendError) -> SendOutcome {
        guard case .open = stream.socket else { throw unexpected(message, stream) }
        let content: PythonObject
        let isText: Bool
        if let bytes = message.some(messages.bytes) {
            content = try Self.bytes(of: bytes, "websocket.send: bytes")
            isText = false
        } else if let text = message.some(messages.text) {
            // Encoded into an object of its own: what is kept in the str's place may go with it.
            _ = try Self.text(of: text, "websocket.send: text")
            guard let encoded = PyUnicode_AsEncodedString(text, "utf-8", nil) else { throw .python }
            content = encoded
            isText = true
        } else {
            throw .mistake(ApplicationMistake(.value, "websocket.send: one of bytes and text must be given"))
        }
        guard let view = PythonBytes.view(of: content) else { throw .python }
        stream.pending = AppStream.Pending(
            source: .bytes(content),
            position: 0,
            end: view.count,
            isLast: false,
            isText: isText
        )
        pump(stream)
        return stream.pending == nil ? .sent : .going
    }

    /// `websocket.close`.
    func close(_ stream: AppStream, _ message: borrowing OutgoingMessage) throws(SendError) -> SendOutcome {
        if stream.mayBeDenied {
            stream.socket = .denied
            stream.isEnded = true
            complete(stream)
            answerPlain(
                403,
                "Forbidden",
                to: stream.id,
                takenAt: stream.takenAt,
                requestID: stream.requestID,
                isHeadRequest: stream.isHeadRequest
            )
            return .sent
        }
        guard case .open = stream.socket else { throw unexpected(message, stream) }
        let code = try message.number(messages.code, "code") ?? 1000
        guard Self.mayBeSent(code) else {
            throw .mistake(
                ApplicationMistake(
                    .value,
                    "websocket.close: \(code) is no code that may be sent (RFC 6455 section 7.4); "
                        + "1000 and 3000 to 4999 are for applications"
                )
            )
        }
        var reason: [UInt8] = []
        if let value = message.some(messages.reason) {
            reason = [UInt8](try Self.text(of: value, "websocket.close: the reason"))
        }
        sendClose(stream, code: UInt16(code), reason: reason)
        return .sent
    }

    /// Tells the front that the application closes the WebSocket.
    func sendClose(_ stream: AppStream, code: UInt16, reason: [UInt8] = []) {
        let envelope = CloseEnvelope(code: code, reason: Self.cut(reason))
        sendFrame(.appClose, of: stream.id, count: envelope.byteCount) { envelope.store(to: $0) }
        stream.socket = .closed(envelope)
        stream.messages.drop()
        wakeReaders(of: stream)
    }

    /// A reason that fits into a close frame, cut between two characters.
    private static func cut(_ reason: [UInt8]) -> [UInt8] {
        guard reason.count > CloseEnvelope.greatestReason else { return reason }
        var count = CloseEnvelope.greatestReason
        while count > 0, reason[count] & 0xC0 == 0x80 { count -= 1 }
        return Array(reason[..<count])
    }

    /// RFC 6455 §7.4.1 and the registry it made: the others stand for what was never sent.
    private static func mayBeSent(_ code: Int64) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    /// The UTF-8 of a `str`, for as long as that lives.
    private static func text(
        of value: PythonObject,
        _ what: StaticString
    ) throws(SendError) -> UnsafeRawBufferPointer {
        var length = 0
        if let utf8 = PyUnicode_AsUTF8AndSize(value, &length) {
            return UnsafeRawBufferPointer(start: utf8, count: length)
        }
        let isText = PyErr_ExceptionMatches(roost_type_error()) == 0
        PyErr_Clear()
        throw .mistake(
            ApplicationMistake(
                isText ? .value : .type,
                isText
                    ? "\(what) holds a lone surrogate, which no UTF-8 can say"
                    : "\(what) must be a str, not \(PythonType.name(of: value))"
            )
        )
    }

    // What the client sends

    func takeMessage(
        _ stream: AppStream,
        _ payload: UnsafeRawBufferPointer,
        isText: Bool,
        continues: Bool
    ) {
        guard stream.isOpenSocket else { return }
        if let count = stream.messages.append(payload, isText: isText, continues: continues) {
            grant(count, to: stream)
        }
        if PyErr_Occurred() != nil {
            // Without memory for a message nothing that follows can be understood.
            PyErr_Clear()
            sendClose(stream, code: 1009)
        }
        if !continues { wakeReaders(of: stream) }
    }

    func takeClose(_ stream: AppStream, _ payload: UnsafeRawBufferPointer) {
        guard stream.isSocket else { return }
        lose(stream, (try? CloseEnvelope(payload)) ?? CloseEnvelope(code: 1006))
        // Refused already: what is left of the answer reaches nobody.
        if stream.isDenied { stream.departure = .left }
        stream.dropPending()
        // What has come of a message that will not end is of no use to anybody.
        stream.messages.dropPartial()
        wakeReaders(of: stream)
        wakeWriters(of: stream)
        if stream.isReturned { concludeReturned(stream) }
    }

    /// Notes that the client's end is closed.
    func lose(_ stream: AppStream, _ close: CloseEnvelope) {
        switch stream.socket {
        case .requested, .connecting, .open: stream.socket = .lost(close)
        case .denied, .closed, .lost: break
        }
    }
}
