internal import CRoostSystem
internal import Glibc
internal import Synchronization

/// The new process, seen from the server that it is to replace.
///
/// Its functions wait; they are for threads that may.
public final class Heir: Sendable {
    /// The process.
    public let pid: Int32
    private let process: Int32
    private let channel: HandoverChannel
    /// How the process ended, once its status was taken; from then on its number may be another's.
    private let ending = Mutex<String?>(nil)

    /// How a new process came along.
    public enum Progress: Sendable, Equatable {
        case ready
        case taken
        case failed(reason: String)
    }

    /// Starts `launch` anew from the file `executable`, and sends it the sockets.
    ///
    /// - Throws: ``ServiceError`` when there is no such program, or no processes or descriptors left.
    public init(
        executable: String,
        launch: Launch,
        sockets: [Inheritance.Socket],
        descriptorLimit: UInt64
    ) throws(ServiceError) {
        let (near, far) = try HandoverChannel.makePair()
        channel = near
        pid = try launch.start(executable, handing: far.descriptor)
        process = roost_pidfd_open(pid)
        guard process >= 0 else {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw ServiceError(
                "the new process could not be started",
                reason: "pidfd_open: no descriptors left",
                remedy: "fewer connections, or a higher limit of open files"
            )
        }
        channel.send(.offer(pid: getpid(), descriptorLimit: descriptorLimit))
        for socket in sockets {
            channel.send(.listener(address: socket.address, isKept: socket.isKept), with: socket.descriptor)
        }
        channel.send(.complete)
    }

    deinit { close(process) }

    /// Waits for what the process says next, at most for `timeout`.
    public func progress(within timeout: Duration) -> Progress {
        let deadline = ContinuousClock.now + timeout
        while true {
            switch channel.receive(within: ContinuousClock.now.duration(to: deadline)) {
            case .message(.ready, _): return .ready
            case .message(.taken, _): return .taken
            case .message(.failed(let reason), _): return .failed(reason: reason)
            case .message: continue
            case .closed:
                return .failed(reason: "process \(pid) ended with \(end(within: .seconds(5))); its log says why")
            case .timedOut:
                return .failed(reason: "process \(pid) was not ready within \(timeout.components.seconds) s")
            }
        }
    }

    /// Tells the process that it is the server.
    public func go() {
        channel.send(.go)
    }

    /// Ends the process, unless it has ended, and takes its status; waits three seconds at most.
    public func end() {
        ending.withLock { ending in
            if ending == nil { kill(pid, SIGTERM) }
        }
        _ = end(within: .seconds(3))
    }

    /// Waits for the end of the process, and has it end when the time is over.
    private func end(within timeout: Duration) -> String {
        ending.withLock { ending in
            if let ending { return ending }
            var polled = pollfd(fd: process, events: Int16(POLLIN), revents: 0)
            if poll(&polled, 1, Int32(timeout.components.seconds * 1000)) <= 0 { kill(pid, SIGKILL) }
            var status: Int32 = 0
            let isKnown = roost_reap(process, &status) == 0
            let text = !isKnown ? "an unknown status" : status < 0 ? "signal \(-status)" : "status \(status)"
            ending = text
            return text
        }
    }
}
