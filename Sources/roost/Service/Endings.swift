internal import Glibc
internal import Service
internal import Synchronization
internal import Workers

/// Why the server ends.
enum Ending: Sendable {
    /// A signal asked for it.
    case signal(Int32)
    /// Somebody asked for it over the admin socket.
    case asked
    /// The workers cannot be started, or nothing can be served for another reason; as a tree.
    case failed(String)
    /// Another process has taken over.
    case replaced(by: Int32)

    /// For the log.
    var reason: String {
        switch self {
        case .signal(let number):
            number == SIGHUP ? "SIGHUP: the terminal has closed" : SignalMeaning.name(of: number)
        case .asked: "roost stop"
        case .failed: "failure"
        case .replaced(let pid): "replaced by process \(pid)"
        }
    }
}

/// The end of the server, which several things can bring about; the first counts.
final class Endings: Sendable {
    private let ending = Mutex<Ending?>(nil)

    /// Whether the end has begun.
    var hasBegun: Bool { ending.withLock { $0 != nil } }

    /// Has the main thread end the server.
    func end(_ reason: Ending) {
        let isFirst = ending.withLock { ending in
            defer { ending = ending ?? reason }
            return ending == nil
        }
        if isFirst { Signals.wake() }
    }

    /// Waits for the end; for the main thread.
    ///
    /// - Parameter other: Called for each signal before it that asks for something else.
    /// - Returns: What brought it about.
    func wait(other: (Int32, SignalMeaning) -> Void) -> Ending {
        let number = Signals.waitForEnd(other: other)
        return ending.withLock { ending in
            let reason = ending ?? .signal(number)
            ending = reason
            return reason
        }
    }
}
