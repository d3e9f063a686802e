public import Logging

/// A line that the worker's own code has written to stderr, told by its prefix.
///
/// It is the server's, not the app's: `roost: error: …`, `roost: warning: …`, `roost: …`.
public struct WorkerNotice: Equatable, Sendable {
    /// How grave it is.
    public var level: Logger.Level
    /// What happened.
    public var message: String

    /// Reads a line; nil when it is the app's.
    public init?(_ line: String) {
        guard line.hasPrefix("roost: ") else { return nil }
        let rest = line.dropFirst("roost: ".count)
        for (word, level) in [("error: ", Logger.Level.error), ("warning: ", .warning)] where rest.hasPrefix(word) {
            self.level = level
            message = String(rest.dropFirst(word.count))
            return
        }
        level = .info
        message = String(rest)
    }
}
