internal import CPython

/// A pointer to an object of the interpreter.
///
/// Whether it is owned or borrowed is said where it is declared.
typealias PythonObject = OpaquePointer

/// Names and values of HTTP as Python text: Latin-1, byte for byte (PEP 3333, "Unicode Issues").
///
/// All need the GIL.
enum PythonText {
    /// A new `str`, or nil with a Python error set.
    @inline(__always)
    static func latin1(_ bytes: UnsafeRawBufferPointer) -> PythonObject? {
        PyUnicode_DecodeLatin1(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, nil)
    }

    /// A new `str` of UTF-8, with U+FFFD for what is none; or nil with a Python error set.
    @inline(__always)
    static func utf8(_ bytes: UnsafeRawBufferPointer) -> PythonObject? {
        PyUnicode_DecodeUTF8(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, "replace")
    }

    /// An attribute of `object`.
    ///
    /// Owned; nil with a Python error set.
    static func attribute(_ name: StaticString, of object: PythonObject) -> PythonObject? {
        name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) {
            PyObject_GetAttrString(object, $0)
        }
    }

    /// A new interned `str`, its hash computed once and for all.
    ///
    /// Owned.
    static func interned(_ bytes: UnsafeRawBufferPointer) -> PythonObject? {
        var text = latin1(bytes)
        if text != nil { PyUnicode_InternInPlace(&text) }
        return text
    }

    /// A new interned `str`.
    ///
    /// Owned.
    static func interned(_ name: StaticString) -> PythonObject? {
        interned(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }
}

/// The text of a value that is the same in most requests, kept as the Python object it became.
///
/// Owned by one lane.
struct RememberedText: ~Copyable {
    private static let longest = 128
    private let bytes = UnsafeMutableRawPointer.allocate(byteCount: RememberedText.longest, alignment: 8)
    private var count = -1
    private var object: PythonObject?

    /// The `str` for `text`.
    ///
    /// Borrowed: it lives until the next call. `changed` says that it is not the last call's.
    ///
    /// Needs the GIL. Returns nil with a Python error set.
    @inline(__always)
    mutating func object(for text: UnsafeRawBufferPointer) -> (object: PythonObject, changed: Bool)? {
        if text.count == count, let object, count == 0 || same(text) { return (object, false) }
        return replace(text).map { ($0, true) }
    }

    @inline(__always)
    private func same(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let base = text.baseAddress else { return false }
        return equalBytes(base, UnsafeRawPointer(bytes), text.count)
    }

    private mutating func replace(_ text: UnsafeRawBufferPointer) -> PythonObject? {
        guard let made = PythonText.latin1(text) else { return nil }
        if let object { Py_DecRef(object) }
        object = made
        count = -1
        if text.count <= Self.longest {
            count = text.count
            if let base = text.baseAddress { bytes.copyMemory(from: base, byteCount: count) }
        }
        return made
    }
}
