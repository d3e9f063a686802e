internal import CRoostSystem
internal import Glibc

/// One end of the socket between the old and the new process.
///
/// Its functions wait; they are for threads that may.
public final class HandoverChannel: Sendable {
    /// What was received.
    public enum Event: Sendable, Equatable {
        /// A message, perhaps with a descriptor, which is the receiver's.
        case message(HandoverMessage, descriptor: Int32?)
        /// The other end has gone.
        case closed
        /// Nothing came in time.
        case timedOut
    }

    let descriptor: Int32

    /// Takes over a SOCK_SEQPACKET socket.
    init(descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit { close(descriptor) }

    /// Both ends.
    static func makePair() throws(ServiceError) -> (near: HandoverChannel, far: HandoverChannel) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw ServiceError(
                "the new process could not be started",
                reason: "socketpair: \(String(cString: strerror(errno)))",
                remedy: "fewer connections, or a higher limit of open files"
            )
        }
        return (HandoverChannel(descriptor: ends[0]), HandoverChannel(descriptor: ends[1]))
    }

    /// Sends a message, with a copy of `attachment` unless that is nil, and returns whether it went.
    @discardableResult
    public func send(_ message: HandoverMessage, with attachment: Int32? = nil) -> Bool {
        var text = message.text
        return text.withUTF8 {
            roost_send_with_descriptor(descriptor, $0.baseAddress, $0.count, attachment ?? -1) == $0.count
        }
    }

    /// Waits for the next message that is known, at most for `timeout`.
    public func receive(within timeout: Duration) -> Event {
        let deadline = ContinuousClock.now + timeout
        var bytes = [UInt8](repeating: 0, count: HandoverMessage.maximumBytes)
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return .timedOut }
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = min(Int64(Int32.max), left.components.seconds * 1000 + 1000)
            guard poll(&polled, 1, Int32(left < .seconds(1) ? 20 : milliseconds)) > 0 else { continue }
            var attachment: Int32 = -1
            let count = roost_receive_with_descriptor(descriptor, &bytes, bytes.count, &attachment, 0)
            if count == 0 { return .closed }
            if count < 0 {
                if errno == EAGAIN || errno == EINTR { continue }
                return .closed
            }
            guard let message = HandoverMessage(String(decoding: bytes[..<count], as: UTF8.self)) else {
                if attachment >= 0 { close(attachment) }
                continue
            }
            return .message(message, descriptor: attachment >= 0 ? attachment : nil)
        }
    }
}
