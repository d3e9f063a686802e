internal import Telemetry

/// What an operator may have done over the admin's Unix socket: each does it, and says what happened.
///
/// The closures may take as long as the thing takes. Who asked may leave meanwhile; that stops nothing.
public struct ControlActions: Sendable {
    /// Starts a new generation of workers, and answers when it has taken over or could not.
    public var reload: @Sendable () async -> ControlAnswer

    /// Changes how many workers of how many threads there are; nil leaves a number as it is.
    public var scale: @Sendable (_ processes: Int?, _ threads: Int?) async -> ControlAnswer

    /// Begins to drain; answers at once.
    public var stop: @Sendable () async -> ControlAnswer

    /// Has a new process take over, and answers when it serves or could not.
    ///
    /// The path is that of another executable; nil for the one that the server was started as.
    public var upgrade: @Sendable (_ binary: String?) async -> ControlAnswer

    /// Creates the actions.
    public init(
        reload: @escaping @Sendable () async -> ControlAnswer,
        scale: @escaping @Sendable (_ processes: Int?, _ threads: Int?) async -> ControlAnswer,
        stop: @escaping @Sendable () async -> ControlAnswer,
        upgrade: @escaping @Sendable (_ binary: String?) async -> ControlAnswer
    ) {
        (self.reload, self.scale, self.stop, self.upgrade) = (reload, scale, stop, upgrade)
    }
}

/// What became of what was asked for.
public struct ControlAnswer: Sendable, Equatable {
    /// How it ended; decides the status.
    public enum Outcome: String, Sendable {
        /// Done, or begun where it says so: 200.
        case done
        /// Asked for wrongly, such as zero workers: 400.
        case refused
        /// Not possible now, such as a reload of a server that drains: 409.
        case conflict
        /// Tried, and it did not work; the server goes on as before: 500.
        case failed
    }

    /// How it ended.
    public var outcome: Outcome
    /// What happened, for people; may be a tree of several lines.
    public var message: String
    /// Numbers for programs, by name, such as `processes`.
    public var numbers: [String: Int]

    /// Creates an answer.
    public init(_ outcome: Outcome, _ message: String, numbers: [String: Int] = [:]) {
        (self.outcome, self.message, self.numbers) = (outcome, message, numbers)
    }

    /// The status of the HTTP answer.
    public var status: Int {
        switch outcome {
        case .done: 200
        case .refused: 400
        case .conflict: 409
        case .failed: 500
        }
    }

    /// The answer for programs: one object.
    public var json: String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.string(outcome.rawValue, "outcome")
        writer.string(message, "message")
        for (name, number) in numbers.sorted(by: { $0.key < $1.key }) { writer.integer(number, name) }
        writer.endObject()
        return writer.text + "\n"
    }
}
