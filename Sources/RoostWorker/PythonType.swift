internal import CPython

/// What an object is.
///
/// All need the GIL.
enum PythonType {
    /// Whether the object's type is `type` itself.
    @inline(__always)
    static func isExactly(_ type: PythonObject?, _ object: PythonObject) -> Bool {
        guard let found = PyObject_Type(object) else { return false }
        Py_DecRef(found)
        return found == type
    }

    /// The name of the object's type, for messages.
    static func name(of object: PythonObject) -> String {
        guard let type = PyObject_Type(object) else { return "?" }
        defer { Py_DecRef(type) }
        guard let name = PyObject_GetAttrString(type, "__name__") else {
            PyErr_Clear()
            return "?"
        }
        defer { Py_DecRef(name) }
        guard let text = PyUnicode_AsUTF8AndSize(name, nil) else {
            PyErr_Clear()
            return "?"
        }
        return String(cString: text)
    }
}
