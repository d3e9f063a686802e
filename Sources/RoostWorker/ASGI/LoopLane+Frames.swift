internal import CPython
internal import WorkerLink

extension LoopLane {
    /// Does what a frame of the front says, and gives its room back.
    ///
    /// - Returns: false with a Python error set, which is to come out of the loop.
    func take(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) -> Bool {
        guard let kind = FrameKind(rawValue: header.kind) else {
            reader.consume(header)
            return true
        }
        if kind == .request { return takeRequest(header, payload) }
        // Frames of a stream that has ended meanwhile are nothing.
        if let stream = streams[header.stream], !stream.isReturned || kind == .credit || kind == .left || kind == .close
        {
            switch kind {
            case .body: takeBody(stream, payload, isLast: header.flags & FrameHeader.isLast != 0)
            case .left: takeLeft(stream, isHalfClosed: header.flags & FrameHeader.isHalfClosed != 0)
            case .credit: takeCredit(stream, payload)
            case .message:
                takeMessage(
                    stream,
                    payload,
                    isText: header.flags & FrameHeader.isText != 0,
                    continues: header.flags & FrameHeader.continues != 0
                )
            case .close: takeClose(stream, payload)
            // The message on the control socket says the same, and when to leave.
            case .stop: break
            case .request, .response, .chunk, .end, .abort, .file, .log, .grant, .appMessage, .appClose, .extend,
                .idempotent:
                break
            }
        }
        reader.consume(header)
        return true
    }

    private func takeRequest(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) -> Bool {
        let takenAt = monotonicNow()
        guard reader.claim(header) else { return true }
        guard let request = try? RequestEnvelopeReader(payload),
            let requestID = PythonText.latin1(request.part(.requestID))
        else {
            PyErr_Clear()
            reader.consume(header)
            answerPlain(500, "Internal Server Error", to: header.stream, takenAt: takenAt)
            return true
        }
        let stream = AppStream(
            id: header.stream,
            isSocket: request.flags.contains(.webSocket),
            isHeadRequest: request.part(.method).elementsEqual("HEAD".utf8),
            takesTrailers: request.flags.contains(.takesTrailers),
            takenAt: takenAt,
            requestID: requestID
        )
        let isReady = beginBody(stream, request)
        let scope = isReady ? self.scope.make(request, requestID: requestID) : nil
        // From here on the frame may be overwritten; and the application may come back here by running the loop itself.
        reader.consume(header)
        streams[stream.id] = stream
        guard let scope else {
            finish(stream, error: PythonError.take())
            return true
        }
        defer { Py_DecRef(scope) }
        return begin(stream, scope)
    }

    private func beginBody(_ stream: AppStream, _ request: RequestEnvelopeReader) -> Bool {
        if stream.isSocket { return true }
        if request.flags.contains(.bodyIsFile) {
            let state = PyEval_SaveThread()
            let found = WorkerProcess.current?.mailbox.takeFile(of: stream.id)
            PyEval_RestoreThread(state)
            guard let descriptor = found else {
                PyErr_SetString(roost_os_error(), "the request's body did not arrive from the front")
                return false
            }
            stream.body.begin(file: descriptor, count: request.bodyBytes)
            return true
        }
        let isComplete = !request.flags.contains(.bodyFollows)
        let body = request.body
        if body.isEmpty {
            stream.body.begin(with: nil, isComplete: isComplete)
            return true
        }
        guard let part = PythonBytes.make(body) else { return false }
        stream.body.begin(with: part, isComplete: isComplete)
        return true
    }

    /// Has the application called.
    ///
    /// It may run from here, up to where it first waits.
    private func begin(_ stream: AppStream, _ scope: PythonObject) -> Bool {
        guard let number = PyLong_FromUnsignedLongLong(stream.id) else { return false }
        defer { Py_DecRef(number) }
        beginning = stream
        let result = roost_call2(glue.begin, number, scope)
        beginning = nil
        guard let result else {
            // An exit of the process, or the task could not be made.
            if streams[stream.id] === stream, !stream.isReturned {
                guard let error = PythonError.take() else { return true }
                finish(stream, error: error)
                return true
            }
            return false
        }
        Py_DecRef(result)
        if stream.phase == .headReady, !stream.isReturned { flushHead(of: stream) }
        return true
    }

    private func takeBody(_ stream: AppStream, _ payload: UnsafeRawBufferPointer, isLast: Bool) {
        guard stream.phase != .complete, let part = PythonBytes.make(payload) else { return PyErr_Clear() }
        stream.body.append(part, count: payload.count, isLast: isLast)
        wakeReaders(of: stream)
    }

    private func takeCredit(_ stream: AppStream, _ payload: UnsafeRawBufferPointer) {
        guard payload.count == 4 else { return }
        stream.window.granted(Int(payload.loadUnaligned(as: UInt32.self)))
        pump(stream)
    }

    private func takeLeft(_ stream: AppStream, isHalfClosed: Bool) {
        if isHalfClosed {
            guard case .none = stream.departure else { return }
            stream.departure = .halfClosed
        } else {
            stream.departure = .left
            stream.body.drop()
            stream.dropPending()
            if stream.isSocket { lose(stream, CloseEnvelope(code: 1006)) }
            wakeWriters(of: stream)
        }
        wakeReaders(of: stream)
        if stream.isReturned { concludeReturned(stream) }
    }
}
