internal import CPython
internal import Glibc
internal import WorkerLink

/// A request's body on its way to the application: what has come and was not received yet.
///
/// Owned by its stream. Needs the GIL.
struct IncomingBody {
    /// What the application's `receive()` gets.
    enum Next {
        /// A part, owned by the caller, nil for an empty one; and how much to grant the front for it.
        case part(PythonObject?, isLast: Bool, grant: Int?)
        /// Nothing is there yet.
        case none
        /// All was received.
        case exhausted
        /// A file could not be read: an errno.
        case failed(Int32)
    }

    /// So much of a file is read for one `receive()`.
    private static let filePieceBytes = 64 << 10

    private struct File {
        var descriptor: Int32
        var position = 0
        var count: Int
    }

    /// Owned; the count is what the front's window counts.
    private var parts: [(part: PythonObject, byteCount: Int)] = []
    private var first = 0
    private var file: File?
    private var isComplete = false
    private var isExhausted = false
    private var window = ReceiveWindow()

    /// Takes what came with the request itself.
    ///
    /// `part` is given up by the caller.
    mutating func begin(with part: PythonObject?, isComplete: Bool) {
        self.isComplete = isComplete
        if let part { parts.append((part, 0)) }
    }

    /// Takes a body that is a file, which it owns from here on.
    mutating func begin(file descriptor: Int32, count: Int) {
        isComplete = true
        file = File(descriptor: descriptor, count: count)
    }

    /// Takes more of it.
    ///
    /// `part` is given up by the caller.
    mutating func append(_ part: PythonObject, count: Int, isLast: Bool) {
        // The front keeps to its window; if it does not, nothing breaks here.
        try? window.received(count)
        if isExhausted || isComplete {
            Py_DecRef(part)
            return
        }
        parts.append((part, FrameHeader.footprint(count)))
        isComplete = isLast
    }

    /// The next part.
    mutating func next() -> Next {
        if isExhausted { return .exhausted }
        if file != nil { return nextOfFile() }
        if first < parts.count {
            let (part, byteCount) = parts[first]
            first += 1
            if first == parts.count {
                parts.removeAll(keepingCapacity: true)
                first = 0
            } else if first == 64 {
                parts.removeFirst(first)
                first = 0
            }
            let isLast = isComplete && parts.isEmpty
            isExhausted = isLast
            return .part(part, isLast: isLast, grant: byteCount > 0 ? window.took(byteCount) : nil)
        }
        guard isComplete else { return .none }
        isExhausted = true
        return .part(nil, isLast: true, grant: nil)
    }

    private mutating func nextOfFile() -> Next {
        guard var file else { return .exhausted }
        let wanted = min(file.count - file.position, Self.filePieceBytes)
        guard let part = PyBytes_FromStringAndSize(nil, wanted) else {
            PyErr_Clear()
            return .failed(ENOMEM)
        }
        var start: UnsafeMutablePointer<CChar>?
        var room = 0
        guard PyBytes_AsStringAndSize(part, &start, &room) == 0, room == wanted else {
            PyErr_Clear()
            Py_DecRef(part)
            return .failed(EIO)
        }
        var filled = 0
        while filled < wanted {
            let place = start.map { $0 + filled }
            let count = pread(file.descriptor, place, wanted - filled, off_t(file.position + filled))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                Py_DecRef(part)
                return .failed(count < 0 ? errno : EIO)
            }
            filled += count
        }
        file.position += wanted
        self.file = file
        let isLast = file.position == file.count
        if isLast { drop() }
        return .part(part, isLast: isLast, grant: nil)
    }

    /// Forgets what was not received.
    mutating func drop() {
        isExhausted = true
        for (part, _) in parts[first...] { Py_DecRef(part) }
        parts = []
        first = 0
        if let file { close(file.descriptor) }
        file = nil
    }
}
