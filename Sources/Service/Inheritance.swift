internal import Glibc

/// What a new process gets from the one that it is to replace, and how it tells that one how it goes.
///
/// Its functions wait; they are for threads that may.
public final class Inheritance: Sendable {
    /// A socket that listens.
    public struct Socket: Sendable, Equatable {
        /// The socket, which is the receiver's.
        public var descriptor: Int32
        /// Where it listens, as one writes it after `--bind`.
        public var address: String
        /// Whether it belongs to the service manager.
        public var isKept: Bool

        /// Creates the value.
        public init(descriptor: Int32, address: String, isKept: Bool) {
            (self.descriptor, self.address, self.isKept) = (descriptor, address, isKept)
        }
    }

    /// The process to replace.
    public let predecessor: Int32
    /// The soft limit of open files that it was started with.
    public let descriptorLimit: UInt64
    /// Its sockets.
    public let sockets: [Socket]

    private let channel: HandoverChannel
    /// How long the old process may take to send what it has, and to answer.
    private static let patience: Duration = .seconds(10)

    /// Receives all that the process at the other end of `descriptor` has to give.
    ///
    /// - Throws: ``ServiceError`` when it does not.
    public init(over descriptor: Int32) throws(ServiceError) {
        channel = HandoverChannel(descriptor: descriptor)
        var offer: (pid: Int32, limit: UInt64)?
        var sockets: [Socket] = []
        receiving: while true {
            switch channel.receive(within: Self.patience) {
            case .message(.offer(let pid, let limit), _): offer = (pid, limit)
            case .message(.listener(let address, let isKept), .some(let descriptor)):
                sockets.append(Socket(descriptor: descriptor, address: address, isKept: isKept))
            case .message(.complete, _): break receiving
            case .message: continue
            case .closed, .timedOut:
                for socket in sockets { close(socket.descriptor) }
                throw Self.missing
            }
        }
        guard let offer else { throw Self.missing }
        (predecessor, descriptorLimit, self.sockets) = (offer.pid, offer.limit, sockets)
    }

    /// Says that this process can take over, and waits until it is told to.
    ///
    /// The old process may be gone by then; the sockets are here all the same.
    ///
    /// - Returns: whether to take over: not when the old process lives and says nothing.
    public func announceReady() -> Bool {
        channel.send(.ready)
        while true {
            switch channel.receive(within: Self.patience) {
            case .message(.go, _), .closed: return true
            case .message: continue
            case .timedOut: return false
            }
        }
    }

    /// Says that this process accepts, has the files, and that the old one may leave.
    public func announceTaken() {
        channel.send(.taken)
    }

    /// Says why this process cannot serve.
    public func announceFailure(_ reason: String) {
        channel.send(.failed(reason))
    }

    private static let missing = ServiceError(
        "the sockets cannot be taken over",
        reason: "the server that is to be replaced does not send them (\(ServiceVariables.inheritanceName) is set)",
        remedy: "roost upgrade again, or start without that variable"
    )
}
