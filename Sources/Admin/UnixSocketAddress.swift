import Glibc

/// A path as an address of a Unix socket (`unix(7)`).
struct UnixSocketAddress {
    private var address = sockaddr_un()

    /// Creates the address; nil when the path is empty or longer than 107 bytes.
    init?(path: String) {
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard !bytes.isEmpty, bytes.count < capacity, !bytes.contains(0) else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    }

    /// Connects a stream socket.
    ///
    /// - Parameter timeout: how long one connect, read or write may take.
    /// - Returns: the descriptor, or -1 and the errno of what failed.
    func connect(within timeout: Duration) -> (descriptor: Int32, errorNumber: Int32) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return (-1, errno) }
        Self.setTimeout(timeout, of: descriptor)
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let errorNumber = errno
            close(descriptor)
            return (-1, errorNumber)
        }
        return (descriptor, 0)
    }

    /// The process at the other end, which made the socket listen, and its user (`unix(7)`: SO_PEERCRED).
    ///
    /// The process is 0 when it is not known, the user then that of nobody.
    static func peer(of descriptor: Int32) -> (pid: Int32, uid: UInt32) {
        // struct ucred: pid, uid, gid.
        var credentials: [Int32] = [0, 0, 0]
        var size = socklen_t(12)
        let result = getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size)
        return result == 0 ? (credentials[0], UInt32(bitPattern: credentials[1])) : (0, UInt32.max)
    }

    /// Bounds each call on a blocking socket; connecting is bounded by the time for sending (`socket(7)`).
    static func setTimeout(_ timeout: Duration, of descriptor: Int32) {
        let (seconds, attoseconds) = max(.milliseconds(1), timeout).components
        var time = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }
}
