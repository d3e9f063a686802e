internal import CPython
internal import Glibc

extension AppStream.Pending {
    /// Bytes that are left.
    var count: Int { end - position }

    /// Calls `body` with the next `count` bytes.
    ///
    /// - Returns: false when they cannot be had: a file that was cut short meanwhile.
    func withNext(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        switch source {
        case .bytes(let object):
            guard let view = PythonBytes.view(of: object), view.count >= position + count else { return false }
            body(UnsafeRawBufferPointer(rebasing: view[position..<position + count]))
            return true
        case .file(let descriptor):
            return withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { buffer in
                var filled = 0
                while filled < count {
                    let place = buffer.baseAddress.map { $0 + filled }
                    let read = pread(descriptor, place, count - filled, off_t(position + filled))
                    if read < 0 && errno == EINTR { continue }
                    guard read > 0 else { return false }
                    filled += read
                }
                body(UnsafeRawBufferPointer(buffer))
                return true
            }
        }
    }

    /// Gives up what it holds.
    func release() {
        switch source {
        case .bytes(let object): Py_DecRef(object)
        case .file(let descriptor): Glibc.close(descriptor)
        }
    }
}
