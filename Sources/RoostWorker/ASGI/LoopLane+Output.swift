internal import CPython
internal import WorkerLink

extension LoopLane {
    /// Sends the head that waits without a part of the body: the application has more to do before that comes.
    func flushHead(of stream: AppStream) {
        if stream.departure == .left { return }
        if stream.isBodiless {
            sendBodiless(stream, knownLength: nil)
            return
        }
        sendHead(
            of: stream,
            flags: 0,
            bodyBytes: stream.contentLength ?? ResponseEnvelope.unknownLength,
            body: UnsafeRawBufferPointer(start: nil, count: 0)
        )
    }

    /// Sends the whole answer to a request whose answer has no body.
    func sendBodiless(_ stream: AppStream, knownLength: UInt64?) {
        let length = stream.forbidsBody ? 0 : stream.contentLength ?? knownLength ?? ResponseEnvelope.unknownLength
        sendHead(of: stream, flags: FrameHeader.isWhole, bodyBytes: length, body: .init(start: nil, count: 0))
    }

    /// Sends the head that waits, with the first bytes of the body.
    func sendHead(of stream: AppStream, flags: UInt8, bodyBytes: UInt64, body: UnsafeRawBufferPointer) {
        let isWhole = flags & FrameHeader.isWhole != 0
        let count = ResponseEnvelope.fixedBytes + stream.head.count + body.count
        stream.phase = .headSent
        if isWhole { stream.isEnded = true } else { stream.window.sent(count) }
        stream.head.withUnsafeBytes { head in
            sendResponse(head, flags, of: stream.id, bodyBytes: bodyBytes, takenAt: stream.takenAt, body: body)
        }
        stream.head = []
    }

    /// Writes a response frame.
    func sendResponse(
        _ head: UnsafeRawBufferPointer,
        _ flags: UInt8,
        of stream: UInt64,
        bodyBytes: UInt64,
        takenAt: UInt64,
        body: UnsafeRawBufferPointer
    ) {
        sendFrame(.response, flags: flags, of: stream, count: ResponseEnvelope.fixedBytes + head.count + body.count) {
            guard let base = $0.baseAddress else { return }
            ResponseEnvelope.store(headBytes: head.count, bodyBytes: bodyBytes, takenAt: takenAt, to: base)
            let place = base + ResponseEnvelope.fixedBytes
            if let source = head.baseAddress { place.copyMemory(from: source, byteCount: head.count) }
            if let source = body.baseAddress { (place + head.count).copyMemory(from: source, byteCount: body.count) }
        }
    }

    /// Sends what is pending, as far as the front has given credit.
    func pump(_ stream: AppStream) {
        while let pending = stream.pending, stream.window.isOpen {
            // At least once: a message may be empty.
            let count = min(pending.count, chunkBytes)
            let isSent = pending.withNext(count) { bytes in
                if count == 0, !stream.isOpenSocket { return }
                let continues = count < pending.count ? FrameHeader.continues : 0
                sendFrame(
                    stream.isOpenSocket ? .appMessage : .chunk,
                    flags: stream.isOpenSocket ? continues | (pending.isText ? FrameHeader.isText : 0) : 0,
                    of: stream.id,
                    count: count
                ) { $0.copyMemory(from: bytes) }
            }
            guard isSent else {
                stream.dropPending()
                abort(stream, "the file became shorter while it was sent")
                break
            }
            stream.window.sent(count)
            stream.pending?.position += count
            if count == pending.count {
                stream.dropPending()
                if pending.isLast { end(stream) }
            }
        }
        guard stream.pending == nil else { return }
        wakeWriters(of: stream)
        if stream.isReturned { concludeReturned(stream) }
    }

    /// Ends an answer whose last part has gone out.
    func end(_ stream: AppStream) {
        if let declared = stream.contentLength, stream.sentBytes < declared {
            log(
                .error,
                "the application sent \(stream.sentBytes) of the \(declared) bytes that its Content-Length says",
                of: stream
            )
            abort(stream, "the body is shorter than its Content-Length")
            return
        }
        if stream.sendsTrailers {
            stream.phase = .trailing
            return
        }
        complete(stream)
        stream.isEnded = true
        sendFrame(.end, of: stream.id, count: 0) { _ in }
    }

    /// Notes that the application has given all of its answer.
    func complete(_ stream: AppStream) {
        stream.phase = .complete
        stream.body.drop()
        wakeReaders(of: stream)
    }

    /// Breaks the stream off.
    func abort(_ stream: AppStream, _ reason: StaticString) {
        if !stream.isEnded {
            stream.isEnded = true
            sendFrame(.abort, of: stream.id, count: reason.utf8CodeUnitCount) {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: reason.utf8Start, count: reason.utf8CodeUnitCount))
            }
        }
        complete(stream)
    }

    /// Answers with a short text of ours.
    func answerPlain(
        _ status: UInt16,
        _ reason: StaticString,
        to stream: UInt64,
        takenAt: UInt64,
        requestID: PythonObject? = nil,
        isHeadRequest: Bool = false
    ) {
        head.makePlain(status: status, reason: reason)
        var text = "\(reason)\n"
        if let requestID, let id = PyUnicode_AsUTF8AndSize(requestID, nil) {
            text += "\nRequest id: \(String(cString: id))\n"
        }
        text.withUTF8 { body in
            sendResponse(
                head.bytes,
                FrameHeader.isWhole,
                of: stream,
                bodyBytes: UInt64(body.count),
                takenAt: takenAt,
                body: isHeadRequest ? UnsafeRawBufferPointer(start: nil, count: 0) : UnsafeRawBufferPointer(body)
            )
        }
    }

    /// Writes a message of ours to the log, with the request's id.
    func log(_ level: LogLevel, _ message: String, of stream: AppStream) {
        outlet.send(level, message, of: stream.id)
    }

    /// Writes one frame, waiting without the GIL when the ring is full: the front empties it as fast as it can run.
    func sendFrame(
        _ kind: FrameKind,
        flags: UInt8 = 0,
        of stream: UInt64,
        count: Int,
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        if WorkerProcess.isInert { return }
        while !writer.send(kind, flags: flags, stream: stream, count: count, fill: fill) {
            let state = PyEval_SaveThread()
            writer.waitForRoom(for: count)
            PyEval_RestoreThread(state)
        }
    }
}
