internal import CPython

/// A `bytes` that is made from pieces: each is copied once, to its place.
///
/// Room is taken generously, for memory that is not written to costs little, and what is left over is given back.
///
/// Owned by who fills it. All need the GIL.
struct GrowingBytes {
    private static let firstRoom = 1 << 20

    private var object: PythonObject?
    private var capacity = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Appends a piece.
    ///
    /// - Returns: false with a Python error set when there is no memory: then nothing is left.
    mutating func append(_ piece: UnsafeRawBufferPointer) -> Bool {
        if count + piece.count > capacity {
            guard resize(to: max(count + piece.count, 4 * capacity, Self.firstRoom)) else { return false }
        }
        guard let place, let source = piece.baseAddress else { return true }
        (place + count).copyMemory(from: source, byteCount: piece.count)
        count += piece.count
        return true
    }

    /// All of it, owned by the caller; nil with a Python error set when there is no memory.
    ///
    /// It is empty then.
    mutating func take() -> PythonObject? {
        if object == nil { return PythonBytes.make(UnsafeRawBufferPointer(start: nil, count: 0)) }
        guard resize(to: count) else { return nil }
        defer {
            object = nil
            drop()
        }
        return object
    }

    /// Forgets what has come.
    mutating func drop() {
        if let object { Py_DecRef(object) }
        object = nil
        capacity = 0
        count = 0
    }

    /// Nobody else has the object yet: its bytes may be written.
    private var place: UnsafeMutableRawPointer? {
        object.flatMap(PythonBytes.view).map { UnsafeMutableRawPointer(mutating: $0.baseAddress) } ?? nil
    }

    private mutating func resize(to wanted: Int) -> Bool {
        if object == nil {
            object = PyBytes_FromStringAndSize(nil, wanted)
        } else if wanted != capacity {
            // Gives the old one up, and sets nil, when it fails.
            _PyBytes_Resize(&object, wanted)
        }
        capacity = wanted
        if object == nil { drop() }
        return capacity == wanted
    }
}
