/// Why the process could not take its place on the machine: its sockets, its pid file, its user.
public struct ServiceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was not possible, in a few words.
    public var title: String
    /// What happened, with the value.
    public var reason: String
    /// What to do.
    public var remedy: String

    /// Creates an error.
    public init(_ title: String, reason: String, remedy: String) {
        (self.title, self.reason, self.remedy) = (title, reason, remedy)
    }

    /// For people: a tree.
    public var description: String {
        """
        StartupError: \(title)
        ├─ Reason: \(reason)
        └─ Try: \(remedy)
        """
    }
}
