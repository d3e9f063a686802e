internal import CPython

/// A message that the application sends.
///
/// Holds a reference to a dict. Needs the GIL.
struct OutgoingMessage: ~Copyable {
    let kind: MessageKind
    private let object: PythonObject
    private let typeText: PythonObject

    /// Reads what kind it is.
    ///
    /// `argument` is borrowed.
    ///
    /// - Throws: when it is no mapping, or its type is none that is known.
    init(_ argument: PythonObject, _ messages: Messages) throws(SendError) {
        let dictionary: PythonObject
        if PythonType.isExactly(roost_dict_type(), argument) {
            Py_IncRef(argument)
            dictionary = argument
        } else {
            guard let made = roost_dict_type().flatMap({ roost_call1($0, argument) }) else {
                PyErr_Clear()
                throw .mistake(
                    ApplicationMistake(.type, "an ASGI message must be a dict, not \(PythonType.name(of: argument))")
                )
            }
            dictionary = made
        }
        var length = 0
        guard let type = PyDict_GetItemWithError(dictionary, messages.type),
            let text = PyUnicode_AsUTF8AndSize(type, &length)
        else {
            PyErr_Clear()
            Py_DecRef(dictionary)
            throw .mistake(ApplicationMistake(.type, "an ASGI message must have a type, a str"))
        }
        guard let kind = MessageKind(UnsafeRawBufferPointer(start: text, count: length)) else {
            let name = String(cString: text)
            Py_DecRef(dictionary)
            throw .mistake(ApplicationMistake(.runtime, "unexpected ASGI message '\(name)': no such type is known"))
        }
        self.kind = kind
        object = dictionary
        typeText = type
    }

    deinit {
        Py_DecRef(object)
    }

    /// Its type, for messages.
    var type: String {
        PyUnicode_AsUTF8AndSize(typeText, nil).map { String(cString: $0) } ?? "?"
    }

    /// What stands under a key; nil, with no Python error set, for nothing.
    ///
    /// Borrowed, and good as long as the message is not changed.
    func value(_ key: PythonObject) -> PythonObject? {
        if let value = PyDict_GetItemWithError(object, key) { return value }
        PyErr_Clear()
        return nil
    }

    /// What stands under a key, unless that is None.
    func some(_ key: PythonObject) -> PythonObject? {
        value(key).flatMap { $0 == roost_none() ? nil : $0 }
    }

    /// Whether what stands under a key is true; nothing is not.
    func isTrue(_ key: PythonObject) throws(SendError) -> Bool {
        guard let value = value(key) else { return false }
        let truth = PyObject_IsTrue(value)
        if truth < 0 { throw .python }
        return truth == 1
    }

    /// The number under a key; nil when there is none, or None.
    func number(_ key: PythonObject, _ what: String) throws(SendError) -> Int64? {
        guard let value = some(key) else { return nil }
        let number = PyLong_AsLongLong(value)
        if number == -1, PyErr_Occurred() != nil {
            PyErr_Clear()
            throw .mistake(ApplicationMistake(.type, "\(type): the \(what) must be an int"))
        }
        return number
    }

    /// The status of a response.
    func status(_ messages: Messages) throws(SendError) -> UInt16 {
        guard let status = try number(messages.status, "status") else {
            throw .mistake(ApplicationMistake(.type, "\(type): the status is missing"))
        }
        guard status >= 200, status <= 599 else {
            throw .mistake(
                ApplicationMistake(
                    .value,
                    status >= 100 && status < 200
                        ? "\(type): \(status) is no final status; the server sends those below 200"
                        : "\(type): \(status) is no HTTP status"
                )
            )
        }
        return UInt16(status)
    }
}
