internal import Front
internal import Glibc
internal import Service
internal import Synchronization

/// What systemd, or whoever gave us a socket for it, is told.
///
/// May be used from any thread; without such a socket it does nothing.
final class ServiceManager: Sendable {
    private struct State {
        var notices: ServiceNotices
        var reloads = 0
        var isMuted: Bool
    }

    private let socket: NotifySocket?
    private let state: Mutex<State>
    /// How often to say something: at half the time after which silence counts as being stuck, at least each second.
    let interval: Duration

    /// Creates it from what the environment said.
    ///
    /// - Parameters:
    ///   - variables: what the environment said.
    ///   - isMuted: whether another process speaks for the service until ``takeOver()``.
    init(_ variables: ServiceVariables, isMuted: Bool) {
        socket = variables.notifySocket.flatMap(NotifySocket.init(address:))
        let notices = ServiceNotices(hasWatchdog: variables.watchdog != nil)
        state = Mutex(State(notices: notices, isMuted: isMuted))
        interval = max(.milliseconds(10), min(.seconds(1), (variables.watchdog ?? .seconds(2)) / 2))
    }

    /// Whether anybody listens.
    var isPresent: Bool { socket != nil }

    /// The start may take this long.
    func starting(within time: Duration) {
        state.withLock { state in
            if !state.isMuted { socket?.send(state.notices.starting(within: time)) }
        }
    }

    /// Says what there is to say.
    ///
    /// Called on the front's loop: so a loop that is stuck gives no sign of life.
    func look(at reading: FrontReading) {
        guard let socket else { return }
        state.withLock { state in
            guard !state.isMuted else { return }
            let reading = ServiceNotices.Reading(
                readyWorkers: reading.readyWorkers,
                processes: reading.processes,
                queueDepth: reading.queueDepth
            )
            guard let message = state.notices.message(for: reading) else { return }
            if !socket.send(message) { state.notices.wasLost() }
        }
    }

    /// A new generation is started, until ``reloaded()``; several may be asked for at once.
    func reloading() {
        state.withLock { state in
            state.reloads += 1
            guard state.reloads == 1, !state.isMuted else { return }
            if let message = state.notices.reloading(at: Self.microseconds()) { socket?.send(message) }
        }
    }

    /// It has taken over, or could not.
    func reloaded() {
        state.withLock { state in
            state.reloads -= 1
            guard state.reloads == 0, !state.isMuted else { return }
            if let message = state.notices.reloaded() { socket?.send(message) }
        }
    }

    /// The server drains.
    func stopping(within time: Duration) {
        state.withLock { state in
            if let message = state.notices.stopping(within: time), !state.isMuted { socket?.send(message) }
        }
    }

    /// This process is the service from now on.
    func takeOver() {
        state.withLock { $0.isMuted = false }
    }

    /// Process `pid` is the service from now on.
    func handOver(to pid: Int32) {
        state.withLock { state in
            _ = socket?.send(state.notices.handOver(to: pid))
        }
    }

    /// This process is the service again.
    func takeBack() {
        state.withLock { state in
            _ = socket?.send(state.notices.takeBack(by: getpid()))
        }
    }

    private static func microseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }
}
