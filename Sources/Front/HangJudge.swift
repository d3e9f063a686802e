internal import RequestQueue

/// The judgement of a worker one of whose threads was interrupted and has not come back.
///
/// By progress, never by silence: for a second it is watched whether its other threads finish requests and whether its
/// interpreter still runs Python at all, which shows in whether its main thread takes the messages it is sent. A worker
/// that is merely busy comes out as one with a stuck thread at worst, and that is what the app itself has made of an interruption it
/// caught.
struct HangJudge: Sendable, Equatable {
    /// What is seen of the worker.
    struct Signs: Sendable, Equatable {
        /// Requests that its threads have finished since its start.
        var finished: UInt64
        /// Threads that are stuck.
        var stuckThreads: Int
        /// Other threads that have a request.
        var othersBusy: Int
        /// Whether its main thread has taken every message that it was sent.
        var readsMessages: Bool
        /// The process.
        var process: ProcessLook?
        /// The thread that is stuck, where its id is known.
        var thread: ProcessLook?
    }

    /// What is wrong.
    enum Finding: String, Sendable, Equatable {
        /// One thread, or some; the others can go on.
        case threadIsStuck = "a thread is stuck"
        /// No thread of it runs Python any more: one holds the interpreter's lock and never lets it go.
        case interpreterIsStuck = "the interpreter is stuck"

        /// The finding in the log; an event loop has one thread for all its requests.
        func sentence(isLoop: Bool) -> String {
            switch self {
            case .threadIsStuck: isLoop ? "a request does not end" : rawValue
            case .interpreterIsStuck: isLoop ? "the event loop is stuck" : rawValue
            }
        }
    }

    enum Verdict: Sendable, Equatable {
        /// Look again later.
        case wait
        /// The thread came back after all.
        case dismiss
        /// Replace it; in words, why.
        case replace(Finding, evidence: String)
    }

    /// How long it is watched.
    static let observation = Nanoseconds.seconds(1)

    private let first: Signs
    private let since: Instant
    /// Whether the worker was judged to be replaced, which is final.
    private(set) var isSettled = false

    /// Begins to watch.
    init(_ signs: Signs, at now: Instant) {
        first = signs
        since = now
    }

    /// Looks again.
    mutating func look(_ signs: Signs, at now: Instant) -> Verdict {
        guard !isSettled else { return .wait }
        guard signs.stuckThreads > 0 else { return .dismiss }
        guard now.since(since) >= Self.observation else { return .wait }
        isSettled = true
        let progressed = signs.finished &- first.finished
        let runsPython = progressed > 0 || signs.readsMessages
        return .replace(
            runsPython ? .threadIsStuck : .interpreterIsStuck,
            evidence: evidence(signs, progressed, over: now.since(since))
        )
    }

    private func evidence(_ signs: Signs, _ progressed: UInt64, over time: Nanoseconds) -> String {
        var parts = ["in \(DeathReport.seconds(time))"]
        func add(_ name: String, _ before: ProcessLook?, _ now: ProcessLook?) {
            guard let before, let now else { return }
            let used = DeathReport.seconds(now.cpu - before.cpu)
            parts.append("\(name) used \(used) of CPU (state \(now.state))")
        }
        add("the thread", first.thread, signs.thread)
        add("the process", first.process, signs.process)
        parts.append("\(signs.othersBusy) other threads have a request, and \(progressed) finished one")
        parts.append("its main thread \(signs.readsMessages ? "takes" : "does not take") messages")
        return parts.joined(separator: ", ")
    }
}
