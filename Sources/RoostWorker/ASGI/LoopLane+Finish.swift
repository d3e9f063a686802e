internal import CPython
internal import Glibc
internal import WorkerLink

extension LoopLane {
    /// Ends a stream whose application has returned, or raised `error`, which is given up by the caller.
    func finish(_ stream: AppStream, error: PythonObject?) {
        stream.isReturned = true
        if let error {
            logFailure(of: stream, error)
            Py_DecRef(error)
        }
        if error != nil, stream.pending.map({ !$0.isLast }) ?? false { stream.dropPending() }
        if stream.departure == .left { stream.dropPending() }
        // What it gave goes out first: its answer is complete, or its WebSocket has messages under way.
        if stream.pending != nil, stream.isOpenSocket || (stream.pending?.isLast ?? false) { return }
        stream.dropPending()
        conclude(stream, hasFailed: error != nil)
    }

    /// Ends a stream whose application has returned before all that it gave was sent.
    func concludeReturned(_ stream: AppStream) {
        guard stream.pending == nil else { return }
        conclude(stream, hasFailed: false)
    }

    private func conclude(_ stream: AppStream, hasFailed: Bool) {
        streams[stream.id] = nil
        if stream.isEnded { return }
        if stream.departure == .left {
            abort(stream, "the client has left")
            return
        }
        if stream.isSocket, !stream.mayBeDenied, !stream.isDenied {
            concludeSocket(stream, hasFailed: hasFailed)
            return
        }
        // It may give up when its client has said that nothing more comes from it.
        let level = stream.departure == .none ? LogLevel.error : .debug
        switch stream.phase {
        case .unanswered, .headReady:
            if !hasFailed {
                log(level, "the application returned without \(Self.missing(stream))", of: stream)
            }
            stream.isEnded = true
            // The head that waits is given up; a task of the application's own that receives is woken.
            complete(stream)
            let isLate = stream.isInterrupted && hasFailed
            answerPlain(
                isLate ? 504 : 500,
                isLate ? "Gateway Timeout" : "Internal Server Error",
                to: stream.id,
                takenAt: stream.takenAt,
                requestID: stream.requestID,
                isHeadRequest: stream.isHeadRequest
            )
        case .headSent, .trailing, .complete:
            if !hasFailed {
                let part = stream.phase == .trailing ? "sending its trailers" : "completing its response"
                log(level, "the application returned without \(part)", of: stream)
            }
            abort(stream, "the application did not complete its response")
        }
    }

    private static func missing(_ stream: AppStream) -> String {
        if stream.phase == .headReady { return "completing its response" }
        return stream.isSocket ? "accepting or closing the WebSocket" : "sending a response"
    }

    private func concludeSocket(_ stream: AppStream, hasFailed: Bool) {
        // One that was lost before it was accepted has no answer that could end.
        guard stream.wasAccepted else { return abort(stream, "the client has left") }
        if case .open = stream.socket { sendClose(stream, code: hasFailed ? 1011 : 1000) }
        stream.isEnded = true
        sendFrame(.end, of: stream.id, count: 0) { _ in }
    }

    /// Writes to the log why the application has ended; not when it is because its client has.
    private func logFailure(of stream: AppStream, _ error: PythonObject) {
        if stream.isLost, isDeparture(error) { return }
        let isCancelled = PyErr_GivenExceptionMatches(error, glue.cancelled) != 0
        let traceback = PythonError.text(of: error, by: glue.describe)
        guard isCancelled else {
            traceback.withUnsafeBytes { outlet.send(.error, $0, of: stream.id) }
            return
        }
        let tenths = (monotonicNow() &- stream.takenAt) / 100_000_000
        let note =
            stream.isInterrupted
            ? "interrupted after \(tenths / 10).\(tenths % 10) s, at the request's deadline\n"
            : "cancelled after \(tenths / 10).\(tenths % 10) s\n"
        (Array(note.utf8) + traceback).withUnsafeBytes { outlet.send(.warning, $0, of: stream.id) }
    }

    private func isDeparture(_ error: PythonObject) -> Bool {
        guard let answer = roost_call1(glue.isDeparture, error) else {
            PyErr_Clear()
            return false
        }
        defer { Py_DecRef(answer) }
        return PyObject_IsTrue(answer) == 1
    }

    /// Ends a forked child of the worker that came out of the application.
    ///
    /// `error` is an exception, or None.
    func leaveChild(_ error: PythonObject) -> Never {
        if let result = roost_call1(glue.leaveChild, error) { Py_DecRef(result) }
        _exit(1)
    }
}
