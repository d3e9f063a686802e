internal import CPython

/// Bytes of the wire as Python's `bytes`, and back.
///
/// All need the GIL.
enum PythonBytes {
    /// A new `bytes`, or nil with a Python error set.
    @inline(__always)
    static func make(_ bytes: UnsafeRawBufferPointer) -> PythonObject? {
        PyBytes_FromStringAndSize(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }

    /// What a `bytes` holds, for as long as it lives; nil, with no Python error set, for anything else.
    @inline(__always)
    static func view(of object: PythonObject) -> UnsafeRawBufferPointer? {
        var start: UnsafeMutablePointer<CChar>?
        var count = 0
        guard PyBytes_AsStringAndSize(object, &start, &count) == 0 else {
            PyErr_Clear()
            return nil
        }
        return UnsafeRawBufferPointer(start: start, count: count)
    }
}
