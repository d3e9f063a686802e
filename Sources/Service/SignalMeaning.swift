internal import Glibc

/// What a signal to the front asks for.
public enum SignalMeaning: Sendable, Equatable {
    /// Drain, then end.
    case end
    /// Read the configuration again and start new workers.
    case reload
    /// Open log files anew, as after a rotation.
    case reopenLogs
    /// Nothing: the signal is named in a warning, and the server goes on.
    case passedOver

    /// Decides what a signal means.
    ///
    /// SIGHUP has two senders: whoever wants a reload, and a terminal that closes. A server whose terminal has closed
    /// ends, lest it hold its port unseen; one that was started by `nohup` goes on.
    ///
    /// - Parameters:
    ///   - number: The signal.
    ///   - hasLostTerminal: Whether the process had a controlling terminal when it started and has none now, or the
    ///     kernel sent the signal for a terminal that closed.
    ///   - outlivesTerminal: Whether SIGHUP was ignored when the process started.
    public init(_ number: Int32, hasLostTerminal: Bool, outlivesTerminal: Bool) {
        switch number {
        case SIGTERM, SIGINT, SIGQUIT: self = .end
        case SIGHUP where hasLostTerminal: self = outlivesTerminal ? .passedOver : .end
        case SIGHUP: self = .reload
        case SIGUSR1: self = .reopenLogs
        default: self = .passedOver
        }
    }

    /// The signals that the server waits for: all that would end or stop it, but those of its own faults, those that
    /// nobody can take, and SIGTSTP, by which a user puts a job aside.
    public static var expected: [Int32] {
        let named = [
            SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGABRT, SIGTTIN, SIGTTOU, SIGVTALRM, SIGPROF,
            SIGIO, SIGPWR, SIGSTKFLT, SIGXCPU,
        ]
        return named + Array(__libc_current_sigrtmin()...__libc_current_sigrtmax())
    }

    /// A signal's name, as `kill -l` has it.
    public static func name(of number: Int32) -> String {
        switch number {
        case SIGTERM: "SIGTERM"
        case SIGINT: "SIGINT"
        case SIGQUIT: "SIGQUIT"
        case SIGHUP: "SIGHUP"
        case SIGUSR1: "SIGUSR1"
        case SIGUSR2: "SIGUSR2"
        case SIGALRM: "SIGALRM"
        case SIGABRT: "SIGABRT"
        case SIGTTIN: "SIGTTIN"
        case SIGTTOU: "SIGTTOU"
        default: "signal \(number)"
        }
    }
}
