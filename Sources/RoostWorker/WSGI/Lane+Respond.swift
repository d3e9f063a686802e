internal import CPython
internal import WorkerLink

extension Lane {
    /// Sends what the application returned, and calls its `close`.
    ///
    /// Needs the GIL. `iterable` is borrowed.
    func respond(with iterable: PythonObject) {
        let kind = isPlainSequence(iterable)
        if kind.isList || kind.isTuple {
            // The application has done all it will.
            leaveApplication()
            if phase == .headReady, sendWhole(iterable, isList: kind.isList) { return }
        } else if isFileWrapper(iterable) || (phase == .headReady && head.status == 206) {
            // Frameworks wrap the wrapper once more for the part that a Range asks for.
            leaveApplication()
            if sendFile(iterable) {
                close(iterable)
                return
            }
            enterApplication()
        }
        let isComplete = iterate(over: iterable)
        leaveApplication()
        if WorkerProcess.isInert { leaveChild() }
        if !kind.isList, !kind.isTuple { close(iterable) }
        if isComplete { finish() } else { failAnswered() }
    }

    /// Sends each part as it comes.
    ///
    /// - Returns: false when the application failed; that is in the log.
    private func iterate(over iterable: PythonObject) -> Bool {
        guard let iterator = PyObject_GetIter(iterable) else {
            logError()
            return false
        }
        defer { Py_DecRef(iterator) }
        while let part = PyIter_Next(iterator) {
            if WorkerProcess.isInert { leaveChild() }
            let outcome = send(part: part)
            Py_DecRef(part)
            switch outcome {
            case .sent: continue
            case .complete, .clientLeft: return true
            case .failed:
                logError()
                return false
            }
        }
        guard PyErr_Occurred() == nil else {
            if WorkerProcess.isInert { leaveChild() }
            logError()
            return false
        }
        if phase == .unanswered {
            ApplicationMistake(.assertion, "the application returned without calling start_response")
                .raise()
            logError()
            return false
        }
        return true
    }

    /// The bytes of a part of the body, nil with a Python error set when it is something else.
    private func bytes(of part: PythonObject) -> UnsafeRawBufferPointer? {
        var start: UnsafeMutablePointer<CChar>?
        var count = 0
        guard PyBytes_AsStringAndSize(part, &start, &count) == 0 else {
            PyErr_Clear()
            ApplicationMistake(
                .type,
                "the response's body must be made of bytes, not \(PythonType.name(of: part))"
            ).raise()
            return nil
        }
        return UnsafeRawBufferPointer(start: start, count: count)
    }

    /// Sends one part of the body.
    ///
    /// `part` is borrowed, and held by the caller meanwhile.
    func send(part: PythonObject) -> BodyOutcome {
        guard let bytes = bytes(of: part) else { return .failed }
        return sendBody(bytes)
    }

    /// Sends a whole response in one frame.
    ///
    /// - Returns: false when it is not that simple; then nothing was sent.
    private func sendWhole(_ sequence: PythonObject, isList: Bool) -> Bool {
        let count = isList ? PyList_Size(sequence) : PyTuple_Size(sequence)
        guard count == 1 else { return false }
        guard let part = isList ? PyList_GetItem(sequence, 0) : PyTuple_GetItem(sequence, 0) else { return false }
        var start: UnsafeMutablePointer<CChar>?
        var length = 0
        guard PyBytes_AsStringAndSize(part, &start, &length) == 0 else {
            PyErr_Clear()
            return false
        }
        // A length that the application gave and did not keep takes the long way, where it is told.
        if let declared = head.contentLength, declared != UInt64(length), !isHeadRequest { return false }
        let isBodiless = isHeadRequest || head.forbidsBody
        let payload = ResponseEnvelope.fixedBytes + head.count + (isBodiless ? 0 : length)
        guard payload <= chunkBytes else {
            knownLength = UInt64(length)
            return false
        }
        let bodyBytes = head.forbidsBody ? 0 : head.contentLength ?? UInt64(length)
        sendResponse(
            flags: FrameHeader.isWhole,
            bodyBytes: bodyBytes,
            body: UnsafeRawBufferPointer(start: start, count: isBodiless ? 0 : length)
        )
        return true
    }
}
