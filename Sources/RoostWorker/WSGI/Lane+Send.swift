internal import CPython
internal import WorkerLink

/// What became of a part of the body.
enum BodyOutcome {
    /// It is on its way.
    case sent
    /// The body is complete; more would go too far, or nowhere.
    case complete
    /// Nobody is there to read it.
    case clientLeft
    /// Not sent; a Python error is set.
    case failed
}

extension Lane {
    /// Whether no body may go out.
    private var isBodiless: Bool { isHeadRequest || head.forbidsBody }

    /// Sends a part of the body, the head first if it has not gone out.
    ///
    /// Needs the GIL, and lets it go for long parts.
    func sendBody(_ part: UnsafeRawBufferPointer) -> BodyOutcome {
        if part.isEmpty { return .sent }
        guard phase == .headReady || phase == .headSent else {
            ApplicationMistake(
                .assertion,
                "the application gave a part of the body before it called start_response"
            ).raise()
            return .failed
        }
        if isBodiless { return .complete }
        if reader.isCancelled(stream) { return .clientLeft }
        var rest = part
        if let declared = head.contentLength {
            let room = declared - min(declared, sentBytes)
            if UInt64(rest.count) > room {
                noteOverrun(declared)
                rest = UnsafeRawBufferPointer(rebasing: rest[..<Int(room)])
                if rest.isEmpty { return .complete }
            }
        }
        sentBytes += UInt64(rest.count)
        if phase == .headReady {
            let first = min(rest.count, chunkBytes - ResponseEnvelope.fixedBytes - head.count)
            sendResponse(
                flags: 0,
                bodyBytes: head.contentLength ?? knownLength ?? ResponseEnvelope.unknownLength,
                body: UnsafeRawBufferPointer(rebasing: rest[..<first])
            )
            rest = UnsafeRawBufferPointer(rebasing: rest[first...])
        }
        if rest.isEmpty { return overran ? .complete : .sent }
        guard sendChunks(rest) else { return .clientLeft }
        return overran ? .complete : .sent
    }

    /// - Returns: false when the client left meanwhile.
    private func sendChunks(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bytes.count <= chunkBytes {
            sendFrame(.chunk, count: bytes.count) { $0.copyMemory(from: bytes) }
            return true
        }
        // Python's other threads run while a long body is copied.
        return withoutGIL {
            var rest = bytes
            while !rest.isEmpty {
                if reader.isCancelled(stream) { return false }
                let piece = UnsafeRawBufferPointer(rebasing: rest[..<min(rest.count, chunkBytes)])
                while !writer.send(.chunk, stream: stream, count: piece.count, fill: { $0.copyMemory(from: piece) }) {
                    writer.waitForRoom(for: piece.count)
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
            }
            return true
        }
    }

    /// Sends the head with the first bytes of the body.
    func sendResponse(flags: UInt8, bodyBytes: UInt64, body: UnsafeRawBufferPointer) {
        // What the application logged stands before the response's last frame.
        if flags & FrameHeader.isWhole != 0 { flushLog() }
        let headBytes = head.bytes
        phase = .headSent
        sendFrame(.response, flags: flags, count: ResponseEnvelope.fixedBytes + headBytes.count + body.count) { place in
            guard let base = place.baseAddress else { return }
            ResponseEnvelope.store(
                headBytes: headBytes.count,
                bodyBytes: bodyBytes,
                takenAt: takenAt,
                to: base
            )
            if let source = headBytes.baseAddress {
                (base + ResponseEnvelope.fixedBytes).copyMemory(from: source, byteCount: headBytes.count)
            }
            if let source = body.baseAddress {
                (base + ResponseEnvelope.fixedBytes + headBytes.count)
                    .copyMemory(from: source, byteCount: body.count)
            }
        }
    }

    /// Ends a response whose parts have all been given.
    func finish() {
        if phase == .headReady {
            if reader.isCancelled(stream) {
                answerPlain(503, "Service Unavailable")
                return
            }
            if isBodiless {
                let length = head.forbidsBody ? 0 : head.contentLength ?? knownLength ?? ResponseEnvelope.unknownLength
                sendResponse(flags: FrameHeader.isWhole, bodyBytes: length, body: .init(start: nil, count: 0))
                return
            }
            let declared = head.contentLength ?? 0
            guard declared > 0 else {
                sendResponse(flags: FrameHeader.isWhole, bodyBytes: 0, body: .init(start: nil, count: 0))
                return
            }
            sendResponse(flags: 0, bodyBytes: declared, body: .init(start: nil, count: 0))
        }
        if let declared = head.contentLength, sentBytes < declared {
            if !reader.isCancelled(stream) {
                log(.error, "the application sent \(sentBytes) of the \(declared) bytes that its Content-Length says")
            }
            abort("the body is shorter than its Content-Length")
        } else if reader.isCancelled(stream), head.contentLength == nil {
            abort("the client left")
        } else {
            flushLog()
            sendFrame(.end, count: 0) { _ in }
        }
    }

    /// Breaks off a response whose head has gone out.
    func abort(_ reason: StaticString) {
        flushLog()
        sendFrame(.abort, count: reason.utf8CodeUnitCount) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: reason.utf8Start, count: reason.utf8CodeUnitCount))
        }
    }

    /// Answers with a short text of ours instead of the application's response, whose head has not gone out.
    func answerPlain(_ status: UInt16, _ reason: StaticString) {
        head.makePlain(status: status, reason: reason)
        withPlainBody(reason) { body in
            sendResponse(
                flags: FrameHeader.isWhole,
                bodyBytes: UInt64(body.count),
                body: isHeadRequest ? UnsafeRawBufferPointer(start: nil, count: 0) : body
            )
        }
    }

    private func withPlainBody(_ reason: StaticString, _ body: (UnsafeRawBufferPointer) -> Void) {
        var text = "\(reason)\n"
        if let requestID, let id = PyUnicode_AsUTF8AndSize(requestID, nil) {
            text += "\nRequest id: \(String(cString: id))\n"
        }
        text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    private func noteOverrun(_ declared: UInt64) {
        if !overran {
            log(.warning, "the application sent more than the \(declared) bytes that its Content-Length says; cut")
        }
        overran = true
    }

    /// Writes one frame of at most ``chunkBytes``, waiting without the GIL when the ring is full.
    func sendFrame(
        _ kind: FrameKind,
        flags: UInt8 = 0,
        count: Int,
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        if WorkerProcess.isInert { return }
        while !writer.send(kind, flags: flags, stream: stream, count: count, fill: fill) {
            withoutGIL { writer.waitForRoom(for: count) }
        }
    }
}
