internal import CPython
internal import WorkerLink

/// What became of a message of the application.
enum SendOutcome {
    /// It is on its way.
    case sent
    /// A part of it waits for credit.
    case going
    /// It was not taken: one before it waits for credit.
    case busy
}

/// Why a message of the application was not taken.
enum SendError: Error {
    /// It may not be sent, or not now.
    case mistake(ApplicationMistake)
    /// Nobody is there to read it.
    case clientLeft
    /// The Python error that is set.
    case python
}

extension AppStream {
    /// Whether nothing that is sent reaches anybody.
    var isLost: Bool {
        if departure == .left { return true }
        if isSocket, case .lost = socket { return true }
        return false
    }

    /// Whether messages of a WebSocket may go out.
    var isOpenSocket: Bool {
        if isSocket, case .open = socket { return true }
        return false
    }
}

extension LoopLane {
    /// Takes a message of the application.
    ///
    /// `argument` is borrowed.
    func send(_ argument: PythonObject, of stream: AppStream) throws(SendError) -> SendOutcome {
        let message = try OutgoingMessage(argument, messages)
        if stream.isLost { throw .clientLeft }
        if stream.pending != nil { return .busy }
        switch message.kind {
        case .responseStart where !stream.isSocket, .denialStart where stream.isSocket:
            return try start(stream, message)
        case .responseBody where !stream.isSocket, .denialBody where stream.isSocket:
            return try sendBody(stream, message)
        case .responsePathsend where !stream.isSocket:
            return try sendFile(stream, message)
        case .responseTrailers where !stream.isSocket:
            return try sendTrailers(stream, message)
        case .accept where stream.isSocket:
            return try accept(stream, message)
        case .message where stream.isSocket:
            return try sendMessage(stream, message)
        case .close where stream.isSocket:
            return try close(stream, message)
        case .responseStart, .responseBody, .responsePathsend, .responseTrailers, .accept, .message, .close,
            .denialStart, .denialBody:
            throw unexpected(message, stream)
        }
    }

    /// What is wrong with a message that is not in its place.
    func unexpected(_ message: borrowing OutgoingMessage, _ stream: AppStream) -> SendError {
        let state: String
        switch (stream.phase, stream.isSocket) {
        case (.complete, _): state = "after the response was complete"
        case (.headReady, _), (.headSent, _): state = "after the response had begun"
        case (.trailing, _): state = "after the body was complete"
        case (.unanswered, false): state = "before 'http.response.start'"
        case (.unanswered, true):
            switch stream.socket {
            case .requested, .connecting: state = "before 'websocket.accept'"
            case .open: state = "while the WebSocket is open"
            case .denied, .closed, .lost: state = "after 'websocket.close'"
            }
        }
        return .mistake(ApplicationMistake(.runtime, "unexpected ASGI message '\(message.type)' \(state)"))
    }

    private func start(
        _ stream: AppStream,
        _ message: borrowing OutgoingMessage
    ) throws(SendError) -> SendOutcome {
        guard stream.phase == .unanswered, !stream.isSocket || stream.mayBeDenied else {
            throw unexpected(message, stream)
        }
        let status = try message.status(messages)
        let hasTrailers = try stream.isSocket ? false : message.isTrue(messages.trailers)
        head.source = stream.isSocket ? "websocket.http.response.start" : "http.response.start"
        do throws(ApplicationMistake) {
            try head.set(status: status, headers: message.value(messages.headers))
        } catch {
            throw .mistake(error)
        }
        stream.head = [UInt8](head.bytes)
        stream.contentLength = head.contentLength
        stream.forbidsBody = head.forbidsBody
        stream.isBodiless = stream.isHeadRequest || head.forbidsBody
        stream.hasTrailers = hasTrailers
        stream.sendsTrailers =
            hasTrailers && stream.takesTrailers && !stream.isBodiless && head.contentLength == nil
        stream.phase = .headReady
        if stream.isSocket { stream.socket = .denied }
        if beginning !== stream {
            heldHeads.append(stream.id)
            if heldHeads.count == 1, !call(glue.callSoon, flushFunction) { throw .python }
        }
        return .sent
    }

    private func sendBody(
        _ stream: AppStream,
        _ message: borrowing OutgoingMessage
    ) throws(SendError) -> SendOutcome {
        guard stream.phase == .headReady || stream.phase == .headSent else { throw unexpected(message, stream) }
        let isLast = try !message.isTrue(messages.moreBody)
        guard let value = message.value(messages.body) else {
            return give(stream, nil, UnsafeRawBufferPointer(start: nil, count: 0), isLast: isLast)
        }
        let bytes = try Self.bytes(of: value, "http.response.body: the body")
        defer { Py_DecRef(bytes) }
        guard let view = PythonBytes.view(of: bytes) else { return .sent }
        return give(stream, bytes, view, isLast: isLast)
    }

    /// The `bytes` that a value is, or of what has the buffer protocol.
    ///
    /// Owned.
    static func bytes(of value: PythonObject, _ what: StaticString) throws(SendError) -> PythonObject {
        if PythonBytes.view(of: value) != nil {
            Py_IncRef(value)
            return value
        }
        guard PyObject_CheckBuffer(value) != 0 else {
            throw .mistake(ApplicationMistake(.type, "\(what) must be bytes, not \(PythonType.name(of: value))"))
        }
        guard let copy = PyBytes_FromObject(value) else { throw .python }
        return copy
    }

    /// Sends a part of the body, with the head if that waits.
    ///
    /// `object` is what holds the bytes, borrowed.
    private func give(
        _ stream: AppStream,
        _ object: PythonObject?,
        _ bytes: UnsafeRawBufferPointer,
        isLast: Bool
    ) -> SendOutcome {
        if stream.isBodiless {
            if stream.phase == .headReady { sendBodiless(stream, knownLength: isLast ? UInt64(bytes.count) : nil) }
            if isLast { complete(stream) }
            return .sent
        }
        let rest = cut(stream, bytes)
        stream.sentBytes += UInt64(rest.count)
        var position = 0
        if stream.phase == .headReady {
            let room = chunkBytes - ResponseEnvelope.fixedBytes - stream.head.count
            let isExact = isLast && (stream.contentLength ?? stream.sentBytes) == stream.sentBytes
            if isExact, !stream.sendsTrailers, rest.count <= room {
                sendHead(of: stream, flags: FrameHeader.isWhole, bodyBytes: stream.sentBytes, body: rest)
                complete(stream)
                return .sent
            }
            position = min(room, rest.count)
            sendHead(
                of: stream,
                flags: 0,
                bodyBytes: stream.contentLength
                    ?? (isLast && !stream.sendsTrailers ? UInt64(rest.count) : ResponseEnvelope.unknownLength),
                body: UnsafeRawBufferPointer(rebasing: rest[..<position])
            )
        }
        if position < rest.count, let object {
            Py_IncRef(object)
            stream.pending = AppStream.Pending(
                source: .bytes(object),
                position: position,
                end: rest.count,
                isLast: isLast
            )
            pump(stream)
            return stream.pending == nil ? .sent : .going
        }
        if isLast { end(stream) }
        return .sent
    }

    /// What of a part does not go beyond the Content-Length.
    private func cut(_ stream: AppStream, _ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard let declared = stream.contentLength else { return bytes }
        let room = declared - min(declared, stream.sentBytes)
        guard UInt64(bytes.count) > room else { return bytes }
        if !stream.overran {
            let text = "the application sent more than the \(declared) bytes that its Content-Length says; cut"
            log(.warning, text, of: stream)
        }
        stream.overran = true
        return UnsafeRawBufferPointer(rebasing: bytes[..<Int(room)])
    }
}
