internal import Glibc
internal import NIOCore

/// The start of the kernel's `struct tcp_info` (linux/tcp.h), as far as `tcpi_bytes_acked`.
struct TCPInformation: Sendable {
    private var leading: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    private var following: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0)
    private var bytesAcknowledged: UInt64 = 0

    /// What the client's kernel has acknowledged on a channel of this loop since the connection began; nil when nobody
    /// knows, as on a Unix socket.
    static func acknowledgedBytes(of channel: (any Channel)?) -> UInt64? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        var acknowledged: UInt64?
        let future: EventLoopFuture<TCPInformation> = provider.unsafeGetSocketOption(
            level: .init(rawValue: CInt(IPPROTO_TCP)),
            name: .init(rawValue: TCP_INFO)
        )
        // Answered at once on the loop itself; fails on a Unix socket.
        future.assumeIsolated().whenSuccess { acknowledged = $0.bytesAcknowledged }
        return acknowledged
    }
}
