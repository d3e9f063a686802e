internal import CPython

extension Lane {
    private static let capsuleName: StaticString = "roost.lane"

    /// The lane behind the `self` of a function that Python called.
    private static func lane(_ capsule: PythonObject?) -> Lane? {
        guard let capsule,
            let pointer = capsuleName.utf8Start.withMemoryRebound(
                to: CChar.self,
                capacity: 11,
                { PyCapsule_GetPointer(capsule, $0) }
            )
        else { return nil }
        return Unmanaged<Lane>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// Makes the functions that the application gets.
    ///
    /// The lane is kept for ever from here on.
    func makeFunctions(template: PythonObject) -> Bool {
        let pointer = Unmanaged.passRetained(self).toOpaque()
        let capsule = Self.capsuleName.utf8Start.withMemoryRebound(to: CChar.self, capacity: 11) {
            PyCapsule_New(pointer, $0, nil)
        }
        guard let capsule else { return false }
        startResponse = PythonFunction.make("start_response", capsule) { capsule, arguments, count, keywords in
            Lane.lane(capsule)?.startResponse(arguments, count, keywords)
        }
        write = PythonFunction.make("write", capsule) { capsule, arguments, count, _ in
            Lane.lane(capsule)?.write(arguments, count)
        }
        let writeLog = PythonFunction.make("write", capsule) { capsule, arguments, count, _ in
            Lane.lane(capsule)?.writeLog(arguments, count)
        }
        guard startResponse != nil, write != nil, let writeLog,
            let errors = roost_call1(glue.errorLog, writeLog), let name = PythonText.interned("wsgi.errors")
        else { return false }
        return PyDict_SetItem(template, name, errors) == 0
    }

    /// `start_response(status, headers, exc_info=None)`, PEP 3333.
    private func startResponse(
        _ arguments: UnsafePointer<PythonObject?>?,
        _ count: Int,
        _ keywords: PythonObject?
    ) -> PythonObject? {
        do throws(ApplicationMistake) {
            let named = keywords.map(PyTuple_Size) ?? 0
            guard let arguments, count >= 2, count + named <= 3, let status = arguments[0],
                let fields = arguments[1], named == 0 || isExceptionKeyword(keywords)
            else {
                throw ApplicationMistake(
                    .type,
                    "start_response takes a status, a list of headers, and exc_info or nothing"
                )
            }
            let information = count + named == 3 ? arguments[2] : nil
            let hasError = information != nil && information != roost_none()
            switch phase {
            case .idle:
                throw ApplicationMistake(
                    .runtime,
                    "start_response was called after its request had ended"
                )
            case .headSent:
                if hasError, let information { return reraise(information) }
                throw ApplicationMistake(
                    .assertion,
                    "start_response was called again after the head had been sent"
                )
            case .headReady where !hasError:
                throw ApplicationMistake(
                    .assertion,
                    "start_response was called again without exc_info"
                )
            case .unanswered, .headReady:
                phase = .unanswered
                try head.set(status: status, fields: fields)
                phase = .headReady
                if !head.leftOut.isEmpty, !tellLeftOut() { return nil }
            }
        } catch {
            error.raise()
            return nil
        }
        Py_IncRef(write)
        return write
    }

    /// Says in the log which of the application's fields were left out: once a route.
    ///
    /// - Returns: false with a Python error set.
    private func tellLeftOut() -> Bool {
        guard let environ = requestEnviron else { return true }
        var names = head.leftOut.joined(separator: ", ")
        guard let text = names.withUTF8({ PythonText.utf8(UnsafeRawBufferPointer($0)) }) else { return false }
        defer { Py_DecRef(text) }
        guard let said = roost_call2(glue.leftOut, environ, text) else { return false }
        defer { Py_DecRef(said) }
        guard said != roost_none() else { return true }
        guard let line = PyUnicode_AsUTF8AndSize(said, nil) else { return false }
        log(.warning, String(cString: line))
        return true
    }

    private func isExceptionKeyword(_ keywords: PythonObject?) -> Bool {
        guard let keywords, PyTuple_Size(keywords) == 1, let name = PyTuple_GetItem(keywords, 0),
            let text = PyUnicode_AsUTF8AndSize(name, nil)
        else { return false }
        return String(cString: text) == "exc_info"
    }

    /// The head has gone out: the error is raised again, for the server to break the response off.
    private func reraise(_ information: PythonObject) -> PythonObject? {
        guard PyTuple_Size(information) == 3, let type = PyTuple_GetItem(information, 0),
            let value = PyTuple_GetItem(information, 1), let traceback = PyTuple_GetItem(information, 2)
        else {
            PyErr_Clear()
            PyErr_SetString(roost_type_error(), "start_response: exc_info must be a tuple of three")
            return nil
        }
        Py_IncRef(type)
        Py_IncRef(value)
        if traceback != roost_none() { Py_IncRef(traceback) }
        PyErr_Restore(type, value, traceback == roost_none() ? nil : traceback)
        return nil
    }

    /// The `write(bytes)` that `start_response` returned.
    private func write(_ arguments: UnsafePointer<PythonObject?>?, _ count: Int) -> PythonObject? {
        guard count == 1, let part = arguments?[0] else {
            PyErr_SetString(roost_type_error(), "write takes bytes")
            return nil
        }
        guard phase != .idle else {
            PyErr_SetString(roost_runtime_error(), "write was called after its request had ended")
            return nil
        }
        if case .failed = send(part: part) { return nil }
        Py_IncRef(roost_none())
        return roost_none()
    }
}
