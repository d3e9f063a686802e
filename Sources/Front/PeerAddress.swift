internal import Glibc
internal import HTTPCodec
internal import NIOCore

/// The other end of a connection, and how it is written.
struct PeerAddress {
    let peer: Peer
    /// The address as text, empty for a Unix socket's.
    let address: [UInt8]
    /// The port as text.
    let port: [UInt8]

    init(_ peer: Peer) {
        self.peer = peer
        switch peer {
        case .address(let address, let port):
            self.address = Array(address.description.utf8)
            self.port = Array(String(port).utf8)
        case .unix:
            address = []
            port = []
        }
    }

    /// Creates it from a socket's address; what is no IP address counts as a Unix socket's.
    init(_ socket: SocketAddress?) {
        guard let socket, socket.protocol != .unix else {
            self.init(.unix)
            return
        }
        let parsed = socket.withSockAddr { pointer, size in
            IPAddress(networkBytes: Self.address(in: UnsafeRawBufferPointer(start: pointer, count: size)))
        }
        self.init(parsed.map { .address($0, port: socket.port ?? 0) } ?? .unix)
    }

    /// The address within a `sockaddr_in` (after family and port) or a `sockaddr_in6` (after the flow label too).
    private static func address(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let family = bytes.count >= 2 ? Int32(bytes.loadUnaligned(as: sa_family_t.self)) : AF_UNSPEC
        let range = family == AF_INET ? 4..<8 : family == AF_INET6 ? 8..<24 : 0..<0
        return UnsafeRawBufferPointer(rebasing: bytes.prefix(range.upperBound).dropFirst(range.lowerBound))
    }

    /// What a request without forwarding fields comes from.
    var origin: ClientOrigin {
        switch peer {
        case .address(let address, let port):
            ClientOrigin(address: address, port: port, scheme: .http, host: ByteSpan())
        case .unix:
            ClientOrigin(address: nil, port: nil, scheme: .http, host: ByteSpan())
        }
    }
}

/// How a listener is called in `SERVER_NAME` and `SERVER_PORT`, and in a scope's `server`.
///
/// That of a Unix socket has its path for a host, and no port.
struct ListenerIdentity: Sendable {
    let host: [UInt8]
    let port: [UInt8]

    init(host: String, port: String) {
        self.host = Array(host.utf8)
        self.port = Array(port.utf8)
    }
}
