internal import Glibc

/// Looks whether a descriptor that somebody else opened can be listened on.
public enum ActivatedSocket {
    /// Checks that `descriptor` is a stream socket that listens, and gives it the flags that it needs here.
    ///
    /// - Returns: where it listens, as one writes it after `--bind`.
    /// - Throws: ``ServiceError`` for anything else, with what it is.
    public static func address(of descriptor: Int32) throws(ServiceError) -> String {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw failure(descriptor, String(cString: strerror(errno)), "LISTEN_FDS that counts the sockets passed on")
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw failure(descriptor, "it is no socket", "ListenStream= only, in the .socket unit")
        }
        guard option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue) else {
            throw failure(descriptor, "it is no stream socket", "ListenStream= instead of ListenDatagram=")
        }
        guard option(SO_ACCEPTCONN, of: descriptor) == 1 else {
            throw failure(descriptor, "it does not listen", "Accept=no in the .socket unit")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        return try text(descriptor)
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var size = socklen_t(4)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : nil
    }

    private static func text(_ descriptor: Int32) throws(ServiceError) -> String {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutableBytes(of: &storage) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { getsockname(descriptor, $0.baseAddress, &size) }
        }
        guard result == 0 else {
            throw failure(descriptor, String(cString: strerror(errno)), "ListenStream= in the .socket unit")
        }
        let family = Int32(storage.ss_family)
        return try withUnsafeBytes(of: &storage) { bytes throws(ServiceError) in
            switch family {
            case AF_INET:
                let address = bytes.loadUnaligned(as: sockaddr_in.self)
                let host = withUnsafeBytes(of: address.sin_addr) { $0.map { String($0) }.joined(separator: ".") }
                return "\(host):\(UInt16(bigEndian: address.sin_port))"
            case AF_INET6:
                var address = bytes.loadUnaligned(as: sockaddr_in6.self)
                var host = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
                inet_ntop(AF_INET6, &address.sin6_addr, &host, socklen_t(host.count))
                let name = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
                return "[\(name)]:\(UInt16(bigEndian: address.sin6_port))"
            case AF_UNIX:
                let path = bytes[2..<max(2, min(Int(size), bytes.count))]
                // A name in the abstract space begins with a zero.
                let isAbstract = path.first == 0
                let name = String(decoding: (isAbstract ? path.dropFirst() : path).prefix { $0 != 0 }, as: UTF8.self)
                return "unix:" + (isAbstract ? "@" : "") + name
            default:
                throw failure(descriptor, "address family \(family)", "IPv4, IPv6 or a Unix socket")
            }
        }
    }

    private static func failure(_ descriptor: Int32, _ reason: String, _ remedy: String) -> ServiceError {
        ServiceError(
            "a socket cannot be taken over",
            reason: "descriptor \(descriptor): \(reason)",
            remedy: remedy
        )
    }
}
