/// The steps by which a running server gives its place to a new process; every event returns the one thing to do now.
///
/// ```
///           asked           started          isReady          hasTaken
///   alone ────────▶ starting ──────▶ preparing ─────▶ handing ───────▶ over
///     ▲                 │                │               │
///     └─────────────────┴────────────────┴───────────────┘
///             could not start, failed, died, took too long
/// ```
///
/// Until `handing` the new process takes nothing from the old one, and until `over` the old one goes on accepting: so
/// whatever goes wrong, the old one serves as if nothing had happened.
public struct Handover: Sendable, Equatable {
    /// Where the handover is.
    public enum State: Sendable, Equatable {
        /// Nobody is to take over. May go to starting, leaving.
        case alone
        /// The new process is being started. May go to preparing, alone, leaving.
        case starting
        /// It starts its workers. May go to handing, alone, leaving.
        case preparing(pid: Int32)
        /// It has been told to accept and to take the files. May go to over, alone.
        case handing(pid: Int32)
        /// It serves; this one drains. Goes nowhere.
        case over(pid: Int32)
        /// This server drains without a successor. Goes nowhere.
        case leaving
    }

    /// The one thing to do.
    public enum Action: Sendable, Equatable {
        case nothing
        /// Start the new process.
        case start
        /// Tell whoever asked why not.
        case refuse(reason: String)
        /// Tell the service manager and then the new process that it is the server.
        case handOver(pid: Int32)
        /// End the new process, if it lives; this one goes on. `reclaims`: it had been said to be the server.
        case goOn(reason: String, ending: Int32?, reclaims: Bool)
        /// Stop accepting, answer what is under way, leave.
        case drain(pid: Int32)
    }

    /// Where the handover is.
    public private(set) var state = State.alone

    /// Creates a handover that nobody has asked for.
    public init() {}

    /// Somebody wants a new process to take over.
    public mutating func asked() -> Action {
        switch state {
        case .alone:
            state = .starting
            return .start
        case .starting: return .refuse(reason: "an upgrade is under way")
        case .preparing(let pid), .handing(let pid):
            return .refuse(reason: "an upgrade is under way: process \(pid) is about to take over")
        case .over(let pid): return .refuse(reason: "process \(pid) has taken over already")
        case .leaving: return .refuse(reason: "the server drains")
        }
    }

    /// The new process runs.
    public mutating func started(pid: Int32) -> Action {
        switch state {
        case .starting:
            state = .preparing(pid: pid)
            return .nothing
        case .leaving: return .goOn(reason: "the server drains", ending: pid, reclaims: false)
        case .alone, .preparing, .handing, .over: return .nothing
        }
    }

    /// The new process has workers that are ready.
    public mutating func isReady() -> Action {
        guard case .preparing(let pid) = state else { return .nothing }
        state = .handing(pid: pid)
        return .handOver(pid: pid)
    }

    /// The new process accepts.
    public mutating func hasTaken() -> Action {
        guard case .handing(let pid) = state else { return .nothing }
        state = .over(pid: pid)
        return .drain(pid: pid)
    }

    /// The new process could not be started, said that it cannot serve, died, or took too long.
    public mutating func failed(_ reason: String) -> Action {
        switch state {
        case .starting:
            state = .alone
            return .goOn(reason: reason, ending: nil, reclaims: false)
        case .preparing(let pid):
            state = .alone
            return .goOn(reason: reason, ending: pid, reclaims: false)
        case .handing(let pid):
            state = .alone
            return .goOn(reason: reason, ending: pid, reclaims: true)
        case .alone, .over, .leaving: return .nothing
        }
    }

    /// This server has been told to stop.
    ///
    /// A process that has been told to take over is let do so: then two leave, and nobody who asked this one to stop is
    /// surprised that the other did not.
    public mutating func stopping() -> Action {
        switch state {
        case .alone, .starting:
            state = .leaving
            return .nothing
        case .preparing(let pid):
            state = .leaving
            return .goOn(reason: "the server drains", ending: pid, reclaims: false)
        case .handing, .over, .leaving: return .nothing
        }
    }
}
