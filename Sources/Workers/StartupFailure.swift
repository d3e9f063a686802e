/// Why a worker did not become ready.
///
/// The one error of this module, printed to people as a tree.
public struct StartupFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: String, Sendable, CaseIterable {
        /// The process could not be made: no interpreter, no descriptors, no memory.
        case notSpawned = "not_spawned"
        /// The worker said that it cannot load the app.
        case notLoaded = "not_loaded"
        /// The process ended before it said anything.
        case ended = "ended"
        /// It was not ready within the startup timeout.
        case timedOut = "timed_out"
        /// It was ready, but its first request got no answer.
        case noAnswer = "no_answer"
        /// The process that called `roost.serve` has gone.
        case peerGone = "peer_gone"
        /// The server drains: nothing new is started.
        case draining = "draining"
        /// What was asked for cannot be done with these workers, or is out of range.
        case unsupported = "unsupported"
    }

    /// The kind; its raw value is fit for a metric's label.
    public var code: Code
    /// What happened, in a few words.
    public var title: String
    /// With which value.
    public var reason: String
    /// What lies behind it, when known.
    public var cause: String?
    /// What to do about it, when known.
    public var hint: String?
    /// Python's traceback, when there is one.
    public var traceback: String?

    /// Creates a failure.
    public init(
        _ code: Code,
        title: String,
        reason: String,
        cause: String? = nil,
        hint: String? = nil,
        traceback: String? = nil
    ) {
        self.code = code
        self.title = title
        self.reason = reason
        self.cause = cause
        self.hint = hint
        self.traceback = traceback
    }

    /// The traceback, if any, and below it the tree.
    ///
    /// ```
    /// StartupError: application not found
    /// ├─ Reason: module 'shop.wsgi' has no attribute 'application' (it has: app, create_app)
    /// └─ Try: serve shop.wsgi:app
    /// ```
    public var description: String {
        var branches = [("Reason", reason)]
        if let cause { branches.append(("Cause", cause)) }
        if let hint { branches.append(("Try", hint)) }
        var text = ""
        if let traceback, !traceback.isEmpty {
            text += traceback.hasSuffix("\n") ? traceback : traceback + "\n"
        }
        text += "StartupError: \(title)"
        for (index, branch) in branches.enumerated() {
            let isLast = index == branches.count - 1
            // A line of several lines stays inside its branch.
            let lines = branch.1.split(separator: "\n", omittingEmptySubsequences: false)
            text += "\n\(isLast ? "└─" : "├─") \(branch.0): \(lines.first ?? "")"
            for line in lines.dropFirst() { text += "\n\(isLast ? "  " : "│ ")   \(line)" }
        }
        return text
    }
}
