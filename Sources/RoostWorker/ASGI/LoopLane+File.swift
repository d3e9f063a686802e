internal import CPython
internal import Glibc
internal import WorkerLink

extension LoopLane {
    /// `http.response.pathsend`: hands the front a file to send by itself.
    func sendFile(_ stream: AppStream, _ message: borrowing OutgoingMessage) throws(SendError) -> SendOutcome {
        // The head may have gone ahead, if the application had more to do before it sent this.
        let isHeadOut = stream.phase == .headSent
        guard stream.phase == .headReady || (isHeadOut && stream.sentBytes == 0) else {
            throw unexpected(message, stream)
        }
        guard let path = message.value(messages.path) else {
            throw .mistake(ApplicationMistake(.type, "http.response.pathsend: the path is missing"))
        }
        let (descriptor, size) = try Self.open(path)
        // The file's length says where it ends.
        stream.sendsTrailers = false
        let count = stream.contentLength ?? UInt64(size)
        guard !stream.isBodiless, count > 0 else {
            Glibc.close(descriptor)
            if !isHeadOut { sendBodiless(stream, knownLength: UInt64(size)) }
            if stream.isEnded { complete(stream) } else { end(stream) }
            return .sent
        }
        // A Content-Length beyond the file's end takes the long way, where it is told; and so does a file whose length was
        // not known when the head went out.
        let isHandedOver =
            count <= UInt64(size) && (!isHeadOut || stream.contentLength != nil) && !WorkerProcess.isInert
            && WorkerControl.send(
                file: descriptor,
                stream: stream.id,
                over: WorkerProcess.current?.mailbox.socket ?? -1
            )
        if !isHeadOut {
            sendHead(of: stream, flags: 0, bodyBytes: count, body: UnsafeRawBufferPointer(start: nil, count: 0))
        }
        stream.sentBytes = min(count, UInt64(size))
        guard isHandedOver else {
            stream.pending = AppStream.Pending(
                source: .file(descriptor),
                position: 0,
                end: Int(stream.sentBytes),
                isLast: true
            )
            pump(stream)
            return stream.pending == nil ? .sent : .going
        }
        Glibc.close(descriptor)
        sendFrame(.file, of: stream.id, count: FileEnvelope.byteCount) { place in
            guard let base = place.baseAddress else { return }
            FileEnvelope.store(offset: 0, count: count, to: base)
        }
        stream.isEnded = true
        complete(stream)
        return .sent
    }

    /// Opens a file that can be sent.
    ///
    /// - Throws: the Python error that `open` would raise.
    private static func open(_ path: PythonObject) throws(SendError) -> (descriptor: Int32, size: Int) {
        // As `os.fsencode` does: a name on disk need not be UTF-8 (PEP 383).
        guard let encoded = PyUnicode_EncodeFSDefault(path) else {
            guard PyErr_ExceptionMatches(roost_type_error()) != 0 else { throw .python }
            PyErr_Clear()
            throw .mistake(
                ApplicationMistake(
                    .type,
                    "http.response.pathsend: the path must be a str, not \(PythonType.name(of: path))"
                )
            )
        }
        defer { Py_DecRef(encoded) }
        var text: UnsafeMutablePointer<CChar>?
        var length = 0
        guard PyBytes_AsStringAndSize(encoded, &text, &length) == 0, let text else { throw .python }
        // What the application has checked is all of it, not what stands before a NUL.
        guard strlen(text) == length else {
            throw .mistake(ApplicationMistake(.value, "http.response.pathsend: the path holds a NUL byte"))
        }
        // A FIFO would block the loop until somebody writes to it, and a terminal may become the process's.
        let descriptor = Glibc.open(text, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            let code = descriptor >= 0 ? (status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL) : errno
            if descriptor >= 0 { Glibc.close(descriptor) }
            errno = code
            _ = PyErr_SetFromErrnoWithFilenameObject(roost_os_error(), path)
            throw .python
        }
        return (descriptor, Int(status.st_size))
    }
}
