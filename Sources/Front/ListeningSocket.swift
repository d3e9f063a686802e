internal import Glibc
internal import PathSafety

/// A socket that listens: opened here, or by somebody who started this process.
///
/// Whoever starts the front with it gives it away.
public struct ListeningSocket: Sendable, Equatable {
    /// The socket: non-blocking, closed on exec.
    public let descriptor: Int32
    /// Where it was to listen, such as port 0.
    public let wanted: FrontConfiguration.Listener
    /// Where it listens, with the port that the kernel chose.
    public let address: FrontConfiguration.Listener
    /// Whether it belongs to a service manager, which keeps it when this process ends: then the file of a Unix socket
    /// stays too.
    public let isKept: Bool
    /// Which file a Unix socket has: only that one is removed at the end.
    let file: PathLook.Identity?

    /// Creates the value for a socket that listens already.
    public init(descriptor: Int32, wanted: FrontConfiguration.Listener, isKept: Bool) {
        self.descriptor = descriptor
        self.wanted = wanted
        self.isKept = isKept
        if case .unix(let path) = wanted { file = PathLook.Identity(of: path) } else { file = nil }
        if case .tcp(let host, _) = wanted, let port = Self.port(of: descriptor) {
            address = .tcp(host: host, port: port)
        } else {
            address = wanted
        }
    }

    /// Opens a socket that listens; a socket file that is left over from a server that is gone is replaced.
    ///
    /// Waits for the name service where the host is a name.
    ///
    /// - Parameters:
    ///   - listener: where.
    ///   - backlog: the kernel's backlog.
    ///   - access: who may connect to a Unix socket.
    /// - Throws: ``FrontError`` with what the system says.
    public init(
        opening listener: FrontConfiguration.Listener,
        backlog: Int = FrontConfiguration().backlog,
        access: SocketAccess = SocketAccess()
    ) throws(FrontError) {
        let descriptor: Int32
        switch listener {
        case .tcp(let host, let port): descriptor = try Self.open(host: host, port: port, listener)
        case .unix(let path): descriptor = try Self.open(path: path, listener)
        }
        if case .unix(let path) = listener, let code = access.failure(for: path) {
            Glibc.close(descriptor)
            unlink(path)
            throw FrontError(
                listener: listener,
                reason: "owner, group or mode of the socket: \(String(cString: strerror(code)))",
                advice: "--bind-mode and --bind-group that this user may give, such as a group of its own"
            )
        }
        guard listen(descriptor, Int32(clamping: backlog)) == 0 else {
            let code = errno
            Glibc.close(descriptor)
            throw Self.failure(listener, code)
        }
        self.init(descriptor: descriptor, wanted: listener, isKept: false)
    }

    private static func open(host: String, port: Int, _ listener: FrontConfiguration.Listener) throws(FrontError)
        -> Int32
    {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard result == 0, let first = found?.pointee else {
            throw FrontError(
                listener: listener,
                reason: String(cString: gai_strerror(result)),
                advice: "an address of this machine with --bind, such as 127.0.0.1, or a name that it can resolve"
            )
        }
        let descriptor = try socket(first.ai_family, listener)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, first.ai_addr, first.ai_addrlen) == 0 else {
            let code = errno
            Glibc.close(descriptor)
            throw failure(listener, code)
        }
        return descriptor
    }

    private static func open(path: String, _ listener: FrontConfiguration.Listener) throws(FrontError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw FrontError(listener: listener, reason: "the path is too long")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return try withUnsafePointer(to: &address) { pointer throws(FrontError) in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer throws(FrontError) in
                let size = socklen_t(MemoryLayout<sockaddr_un>.size)
                let descriptor = try socket(AF_UNIX, listener)
                if bind(descriptor, pointer, size) == 0 { return descriptor }
                var code = errno
                if code == EADDRINUSE, case .there(let look) = PathLook.at(path),
                    let objection = look.objectionToReplacingSocket
                {
                    Glibc.close(descriptor)
                    throw FrontError(
                        listener: listener,
                        reason: objection,
                        advice: "another path with --bind, or move away what is there"
                    )
                }
                // Nobody answers: its server is gone.
                if code == EADDRINUSE, connect(descriptor, pointer, size) != 0, errno == ECONNREFUSED {
                    unlink(path)
                    if bind(descriptor, pointer, size) == 0 { return descriptor }
                    code = errno
                }
                Glibc.close(descriptor)
                throw failure(listener, code)
            }
        }
    }

    private static func socket(_ family: Int32, _ listener: FrontConfiguration.Listener) throws(FrontError) -> Int32 {
        let kind =
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(family, kind, 0)
        guard descriptor >= 0 else { throw failure(listener, errno) }
        return descriptor
    }

    private static func failure(_ listener: FrontConfiguration.Listener, _ code: Int32) -> FrontError {
        guard code == EADDRINUSE, case .tcp(let host, let port) = listener else {
            return FrontError(listener, code: code)
        }
        return FrontError(listener, code: code, holder: PortHolder.find(host: host, port: port))
    }

    private static func port(of descriptor: Int32) -> Int? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { bytes -> Int? in
            let result = bytes.withMemoryRebound(to: sockaddr.self) { getsockname(descriptor, $0.baseAddress, &size) }
            guard result == 0 else { return nil }
            // sin_port and sin6_port lie at the same place, behind the family: ip(7), ipv6(7).
            return Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        }
    }
}
