internal import CPython
internal import Glibc
internal import WorkerLink

extension Lane {
    /// Serves one request from environ to last frame.
    ///
    /// Needs the GIL.
    func serve(_ request: RequestEnvelopeReader, _ header: FrameHeader) {
        stream = header.stream
        phase = .unanswered
        sentBytes = 0
        overran = false
        knownLength = nil
        interruption = Interruption()
        isHeadRequest = request.part(.method).elementsEqual("HEAD".utf8)
        requestID = PythonText.latin1(request.part(.requestID))
        let made = makeEnviron(request)
        reader.consume(header)
        if let made {
            requestEnviron = made.environ
            enterApplication()
            if let iterable = roost_call2(glue.application, made.environ, startResponse) {
                if WorkerProcess.isInert { leaveChild() }
                respond(with: iterable)
                Py_DecRef(iterable)
            } else {
                fail()
            }
            if let file = made.file { closeInput(file) }
            requestEnviron = nil
            Py_DecRef(made.environ)
        } else {
            fail()
        }
        // Forked in `close`, or by a destructor: the next request is the parent's.
        if WorkerProcess.isInert { leaveChild() }
        flushLog()
        if let requestID { Py_DecRef(requestID) }
        requestID = nil
        phase = .idle
        stream = 0
        // A destructor or a callback may have left an error that is nobody's.
        if PyErr_Occurred() != nil { PyErr_Clear() }
    }

    /// The environ, and the input when it is a file that must be closed.
    ///
    /// Both owned.
    private func makeEnviron(_ request: RequestEnvelopeReader) -> (environ: PythonObject, file: PythonObject?)? {
        guard let requestID else { return nil }
        let isFile = request.flags.contains(.bodyIsFile)
        guard let input = isFile ? openFile(bytes: request.bodyBytes) : makeInput(request.body) else { return nil }
        let made = environ.make(request, requestID: requestID, input: input)
        if let made, isFile { return (made, input) }
        Py_DecRef(input)
        return made.map { ($0, nil) }
    }

    private func makeInput(_ body: UnsafeRawBufferPointer) -> PythonObject? {
        guard !body.isEmpty else { return PyObject_CallNoArgs(glue.bytesIO) }
        guard
            let bytes = PyBytes_FromStringAndSize(
                body.baseAddress?.assumingMemoryBound(to: CChar.self),
                body.count
            )
        else { return nil }
        defer { Py_DecRef(bytes) }
        return roost_call1(glue.bytesIO, bytes)
    }

    private func openFile(bytes: Int) -> PythonObject? {
        let found = withoutGIL { WorkerProcess.current?.mailbox.takeFile(of: stream) }
        guard let descriptor = found else {
            PyErr_SetString(roost_os_error(), "the request's body did not arrive from the front")
            return nil
        }
        guard let number = PyLong_FromLongLong(Int64(descriptor)) else {
            Glibc.close(descriptor)
            return nil
        }
        defer { Py_DecRef(number) }
        guard let count = PyLong_FromLongLong(Int64(bytes)) else {
            Glibc.close(descriptor)
            return nil
        }
        defer { Py_DecRef(count) }
        return roost_call2(glue.openBody, number, count)
    }

    private func closeInput(_ input: PythonObject) {
        close(input)
        Py_DecRef(input)
    }

    /// Logs the Python error and answers 500, or breaks the response off when its head has gone out.
    func fail() {
        leaveApplication()
        if WorkerProcess.isInert { leaveChild() }
        logError()
        failAnswered()
    }

    /// Answers for an application that failed, the reason being in the log already.
    func failAnswered() {
        if phase == .headSent {
            abort("the application failed after it had begun its response")
        } else if interruption.wasRaised {
            answerPlain(504, "Gateway Timeout")
        } else {
            answerPlain(500, "Internal Server Error")
        }
    }

    /// Ends a forked child of the worker that came out of the application, with the error that is set, if any.
    func leaveChild() -> Never {
        let error = PythonError.take()
        if let result = roost_call1(glue.leaveChild, error ?? roost_none()) { Py_DecRef(result) }
        _exit(1)
    }
}
