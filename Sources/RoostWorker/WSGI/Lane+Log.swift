internal import CPython

extension Lane {
    /// The `write(text)` of `wsgi.errors`.
    ///
    /// Any thread of Python may call it, at any time.
    func writeLog(_ arguments: UnsafePointer<PythonObject?>?, _ count: Int) -> PythonObject? {
        guard count == 1, let text = arguments?[0] else {
            PyErr_SetString(roost_type_error(), "write takes one str")
            return nil
        }
        var length = 0
        if let utf8 = PyUnicode_AsUTF8AndSize(text, &length) {
            append(UnsafeRawBufferPointer(start: utf8, count: length))
        } else {
            if PyErr_ExceptionMatches(roost_type_error()) != 0 { return nil }
            // Lone surrogates.
            PyErr_Clear()
            guard let encoded = PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace") else { return nil }
            defer { Py_DecRef(encoded) }
            var start: UnsafeMutablePointer<CChar>?
            guard PyBytes_AsStringAndSize(encoded, &start, &length) == 0 else { return nil }
            append(UnsafeRawBufferPointer(start: start, count: length))
        }
        return PyLong_FromLongLong(Int64(length))
    }

    private func append(_ text: UnsafeRawBufferPointer) {
        // The lines are taken out of the lane while they are sent: sending may let the GIL go, and others write.
        var lines = log
        log = LogLines()
        lines.append(text) { send($0) }
        log.restore(lines)
    }

    private func send(_ piece: LogLines.Piece) {
        outlet.send(.warning, piece.text, of: stream, continues: piece.continues, goesOn: piece.goesOn)
    }

    /// Sends what is left of a line when its request ends.
    func flushLog() {
        guard !log.pending.isEmpty || log.continues else { return }
        var lines = log
        log = LogLines()
        lines.flush { send($0) }
        log.restore(lines)
    }

    /// Writes a message of ours to the log, with the request's id.
    func log(_ level: LogLevel, _ message: String) {
        outlet.send(level, message, of: stream)
    }

    /// Takes the Python error, with which the application has ended, and writes its traceback to the log.
    func logError() {
        leaveApplication()
        let isInterrupt = interruption.wasSent && isErrorTimeout
        if isInterrupt { interruption.wasRaised = true }
        guard let error = PythonError.take() else { return }
        defer { Py_DecRef(error) }
        let traceback = PythonError.text(of: error, by: glue.describe)
        if isInterrupt {
            (Array("\(interruptionNote)\n".utf8) + traceback).withUnsafeBytes {
                outlet.send(.warning, $0, of: stream)
            }
        } else {
            traceback.withUnsafeBytes { outlet.send(.error, $0, of: stream) }
        }
    }

    /// Whether the Python error is what an interrupt raises.
    private var isErrorTimeout: Bool {
        PyErr_Occurred() != nil && PyErr_ExceptionMatches(glue.requestTimeout) != 0
    }
}
