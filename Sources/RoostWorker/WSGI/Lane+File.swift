internal import CPython
internal import WorkerLink

extension Lane {
    /// Hands the front a file to send by itself, when the application returned `wsgi.file_wrapper` around a plain one,
    /// or what a framework makes of that for a part of it.
    ///
    /// - Returns: false when it must be read in blocks; then nothing was sent.
    func sendFile(_ iterable: PythonObject) -> Bool {
        guard phase == .headReady, !isHeadRequest, !head.forbidsBody,
            let control = WorkerProcess.current?.mailbox.socket,
            let file = plainFile(iterable)
        else { return false }
        // A Content-Length beyond the file's end takes the long way, where it is told.
        guard file.count > 0, head.contentLength.map({ $0 > 0 && $0 <= UInt64(file.count) }) ?? true else {
            return false
        }
        guard !WorkerProcess.isInert, WorkerControl.send(file: file.descriptor, stream: stream, over: control) else {
            return false
        }
        let count = head.contentLength ?? UInt64(file.count)
        sentBytes = count
        sendResponse(flags: 0, bodyBytes: count, body: UnsafeRawBufferPointer(start: nil, count: 0))
        flushLog()
        sendFrame(.file, count: FileEnvelope.byteCount) { place in
            guard let base = place.baseAddress else { return }
            FileEnvelope.store(offset: UInt64(file.offset), count: count, to: base)
        }
        return true
    }

    private func plainFile(_ iterable: PythonObject) -> (descriptor: Int32, offset: Int64, count: Int64)? {
        guard let found = roost_call1(glue.plainFile, iterable) else {
            logError()
            return nil
        }
        defer { Py_DecRef(found) }
        guard found != roost_none(), PyTuple_Size(found) == 3,
            let descriptor = PyTuple_GetItem(found, 0).map(PyLong_AsLongLong),
            let offset = PyTuple_GetItem(found, 1).map(PyLong_AsLongLong),
            let count = PyTuple_GetItem(found, 2).map(PyLong_AsLongLong),
            let number = Int32(exactly: descriptor), number >= 0, offset >= 0, count >= 0
        else {
            PyErr_Clear()
            return nil
        }
        return (number, offset, count)
    }
}
