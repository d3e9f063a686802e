internal import CPython
internal import Glibc
internal import WorkerLink

/// The first byte of a ``FrameKind/log`` frame: swift-log's levels, counted from 0 for trace.
enum LogLevel: UInt8 {
    case warning = 4
    case error = 5
}

extension Lane {
    /// How often a line is tried again, a millisecond apart, before it is dropped: the log must not stop the
    /// application.
    private static let patience = 20

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
        lines.append(text) { sendLog(.warning, $0) }
        log.restore(lines)
    }

    /// Sends what is left of a line when its request ends.
    func flushLog() {
        guard !log.pending.isEmpty else { return }
        var lines = log
        log = LogLines()
        lines.flush { sendLog(.warning, $0) }
        log.restore(lines)
    }

    /// Writes a message of ours to the log, with the request's id.
    func log(_ level: LogLevel, _ message: String) {
        var message = message
        message.withUTF8 { sendLog(level, UnsafeRawBufferPointer($0)) }
    }

    /// Takes the Python error, with which the application has ended, and writes its traceback to the log.
    func logError() {
        leaveApplication()
        let isInterrupt = interruption.wasSent && isErrorTimeout
        if isInterrupt { interruption.wasRaised = true }
        guard let error = takeError() else { return }
        defer { Py_DecRef(error) }
        guard let text = roost_call1(glue.describe, error) else {
            PyErr_Clear()
            log(.error, "the application failed, and its error could not be described")
            return
        }
        defer { Py_DecRef(text) }
        guard let encoded = PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace") else {
            PyErr_Clear()
            return
        }
        defer { Py_DecRef(encoded) }
        var start: UnsafeMutablePointer<CChar>?
        var length = 0
        guard PyBytes_AsStringAndSize(encoded, &start, &length) == 0 else {
            PyErr_Clear()
            return
        }
        let traceback = UnsafeRawBufferPointer(start: start, count: length)
        if isInterrupt {
            (Array("\(interruptionNote)\n".utf8) + traceback).withUnsafeBytes { sendLog(.warning, $0) }
        } else {
            sendLog(.error, traceback)
        }
    }

    /// Whether the Python error is what an interrupt raises.
    private var isErrorTimeout: Bool {
        PyErr_Occurred() != nil && PyErr_ExceptionMatches(glue.requestTimeout) != 0
    }

    /// The Python error as an exception with its traceback.
    ///
    /// Owned. The error is no longer set.
    func takeError() -> PythonObject? {
        var type: PythonObject?
        var value: PythonObject?
        var traceback: PythonObject?
        PyErr_Fetch(&type, &value, &traceback)
        guard type != nil else { return nil }
        PyErr_NormalizeException(&type, &value, &traceback)
        if let value, let traceback { _ = PyException_SetTraceback(value, traceback) }
        if let type { Py_DecRef(type) }
        if let traceback { Py_DecRef(traceback) }
        return value
    }

    private func sendLog(_ level: LogLevel, _ text: UnsafeRawBufferPointer) {
        if WorkerProcess.isInert { return logInChild(text) }
        let cut = UnsafeRawBufferPointer(rebasing: text[..<min(text.count, chunkBytes - 1)])
        if log.dropped > 0 {
            var note = "\(log.dropped) lines of the log were dropped: the front had no room for them"
            let isSent = note.withUTF8 { trySendLog(.warning, UnsafeRawBufferPointer($0)) }
            if isSent { log.dropped = 0 }
        }
        for attempt in 0... {
            if trySendLog(level, cut) { return }
            if attempt == Self.patience { break }
            withoutGIL { _ = usleep(1000) }
        }
        log.dropped += 1
    }

    /// A forked child's line goes where its standard error goes: into the front's log, but for the request's id.
    private func logInChild(_ text: UnsafeRawBufferPointer) {
        let line = [UInt8](text) + [UInt8(ascii: "\n")]
        // At once, so that lines of several processes stay whole.
        _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private func trySendLog(_ level: LogLevel, _ text: UnsafeRawBufferPointer) -> Bool {
        // Held by a thread that writes a long body without the GIL: that is as good as no room.
        writer.sendIfIdle(.log, stream: stream, count: 1 + text.count) { place in
            guard let base = place.baseAddress else { return }
            base.storeBytes(of: level.rawValue, as: UInt8.self)
            if let source = text.baseAddress { (base + 1).copyMemory(from: source, byteCount: text.count) }
        }
    }
}
