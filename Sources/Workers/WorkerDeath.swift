internal import Glibc
public import WorkerLink

/// How a process ended.
public enum ProcessExit: Sendable, Hashable, CustomStringConvertible {
    /// It left by itself, with this status.
    case exited(status: Int32)
    /// The signal with this number ended it.
    case signalled(Int32)
    /// It is not our child, or was given up before its end was seen.
    case unknown

    /// Creates the exit from what `roost_reap` reports: a status, or minus a signal's number.
    init(reaped status: Int32) {
        self = status < 0 ? .signalled(0 &- status) : .exited(status: status)
    }

    /// The exit, for people: `exit status 3`, `signal 11 (SIGSEGV)`.
    public var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let number): "signal \(number) (\(Self.signalName(number)))"
        case .unknown: "unknown"
        }
    }

    private static func signalName(_ number: Int32) -> String {
        switch number {
        case SIGHUP: "SIGHUP"
        case SIGINT: "SIGINT"
        case SIGQUIT: "SIGQUIT"
        case SIGILL: "SIGILL"
        case SIGTRAP: "SIGTRAP"
        case SIGABRT: "SIGABRT"
        case SIGBUS: "SIGBUS"
        case SIGFPE: "SIGFPE"
        case SIGKILL: "SIGKILL"
        case SIGUSR1: "SIGUSR1"
        case SIGSEGV: "SIGSEGV"
        case SIGUSR2: "SIGUSR2"
        case SIGPIPE: "SIGPIPE"
        case SIGALRM: "SIGALRM"
        case SIGTERM: "SIGTERM"
        case SIGXCPU: "SIGXCPU"
        case SIGXFSZ: "SIGXFSZ"
        case SIGSYS: "SIGSYS"
        default: "unnamed"
        }
    }
}

/// Why the front itself ended a worker, or asked it to leave.
public enum EndReason: Sendable, Hashable {
    /// It could not import the app, or was not ready in time.
    case failedToStart
    /// It broke the protocol of the link.
    case protocolViolation(LinkViolation)
    /// It closed the pipe that is its doorbell: its answers would lie unseen.
    case doorbellClosed
    /// It was drained: asked to leave once its requests were answered.
    case drained
    /// It was drained and did not leave in time.
    case drainTimeout
    /// It made no progress any more, and its successor was ready.
    case stuck
    /// The pool gave up, and this worker with it.
    case poolFailed

    /// A short name out of a closed list, fit for a metric's label.
    public var shortName: String {
        switch self {
        case .failedToStart: "failed_to_start"
        case .protocolViolation: "protocol_violation"
        case .doorbellClosed: "doorbell_closed"
        case .drained: "drained"
        case .drainTimeout: "drain_timeout"
        case .stuck: "stuck"
        case .poolFailed: "pool_failed"
        }
    }
}

/// The end of a worker, reported once.
public struct WorkerDeath: Sendable, Equatable {
    /// How the process ended.
    public var exit: ProcessExit
    /// Why we ended it; nil when it ended by itself: a crash.
    public var reason: EndReason?
    /// How long it served, from ready to its end; nil when it never became ready.
    public var served: Duration?
    /// What kept it from becoming ready; nil when it had been.
    public var failure: StartupFailure?
}
