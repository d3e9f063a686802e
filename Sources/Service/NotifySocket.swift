internal import Glibc

/// The datagram socket of a service manager (sd_notify(3)).
///
/// Sending never waits; a message that does not go is lost, and said to be.
public final class NotifySocket: Sendable {
    private let descriptor: Int32
    private let name: [UInt8]

    /// Creates a sender to `address`: a path, or a name that begins with `@`; nil when it cannot be one.
    public init?(address: String) {
        var bytes = Array(address.utf8)
        guard bytes.count > 1, bytes.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
        // unix(7): a name in the abstract space begins with a zero.
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        name = bytes
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// Sends lines such as `READY=1`, and returns whether they went.
    @discardableResult
    public func send(_ message: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        var message = message
        return message.withUTF8 { bytes in
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
                    return sendto(descriptor, bytes.baseAddress, bytes.count, flags, $0, size) == bytes.count
                }
            }
        }
    }
}
