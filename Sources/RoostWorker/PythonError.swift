internal import CPython

/// The Python error that is set.
///
/// All need the GIL.
enum PythonError {
    /// Takes it as an exception with its traceback; nil when none is set.
    ///
    /// Owned. The error is no longer set.
    static func take() -> PythonObject? {
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

    /// What `describe` makes of an exception, in UTF-8.
    static func text(of error: PythonObject, by describe: PythonObject) -> [UInt8] {
        guard let text = roost_call1(describe, error) else {
            PyErr_Clear()
            return Array("the application failed, and its error could not be described".utf8)
        }
        defer { Py_DecRef(text) }
        guard let encoded = PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace") else {
            PyErr_Clear()
            return []
        }
        defer { Py_DecRef(encoded) }
        return PythonBytes.view(of: encoded).map { [UInt8]($0) } ?? []
    }
}
