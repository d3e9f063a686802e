internal import CPython

/// The `(host, port)` of a scope's `client` or `server`, kept while the same one is asked for.
///
/// Owned by the loop. Needs the GIL.
struct AddressPair: ~Copyable {
    private var host = RememberedText()
    private var port = RememberedText()
    private var pair: PythonObject?

    /// The pair; with None for a port that is missing, and None in its place without a host.
    ///
    /// Borrowed: it lives until the next call. Returns nil with a Python error set.
    mutating func object(host: UnsafeRawBufferPointer, port: UnsafeRawBufferPointer) -> PythonObject? {
        if host.isEmpty { return roost_none() }
        guard let name = self.host.object(for: host), let digits = self.port.object(for: port) else { return nil }
        if let pair, !name.changed, !digits.changed { return pair }
        guard let made = PyTuple_New(2) else { return nil }
        Py_IncRef(name.object)
        PyTuple_SetItem(made, 0, name.object)
        guard let number = Self.number(port), PyTuple_SetItem(made, 1, number) == 0 else {
            Py_DecRef(made)
            return nil
        }
        if let pair { Py_DecRef(pair) }
        pair = made
        return made
    }

    private static func number(_ digits: UnsafeRawBufferPointer) -> PythonObject? {
        guard !digits.isEmpty, digits.count <= 5 else {
            Py_IncRef(roost_none())
            return roost_none()
        }
        return PyLong_FromLongLong(digits.reduce(0) { $0 * 10 + Int64($1 & 15) })
    }
}
