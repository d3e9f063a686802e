import Telemetry

/// Why a running server could not be asked.
public struct AdminClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, as a bounded name.
    public enum Code: String, Sendable {
        /// No server listens on the socket.
        case noServer
        /// The socket belongs to another user.
        case noPermission
        /// Another user could have put the socket there.
        case notTrusted
        /// A server listens, but did not answer in time.
        case notAnswering
        /// What answered does not speak our HTTP.
        case badAnswer
        /// The system refused.
        case failed
    }

    /// What went wrong.
    public var code: Code
    /// The socket.
    public var path: String
    /// What the system or the answer said.
    public var detail: String

    init(_ code: Code, _ path: String, _ detail: String) {
        (self.code, self.path, self.detail) = (code, path, detail)
    }

    /// For people: a tree.
    public var description: String {
        let (title, remedy) =
            switch code {
            case .noServer: ("no server listens here", "start one, or name its admin socket")
            case .noPermission: ("the server belongs to another user", "the same user as the server, or root")
            case .notTrusted:
                (
                    "another user may have put this here, and is not believed",
                    "have that user or root remove it and restart the server; or --admin-socket in a directory of your own"
                )
            case .notAnswering: ("the server does not answer", "look at its log; it may be stopped or swapped out")
            case .badAnswer: ("this is no Roost server", "the path of the admin socket, as the server's log names it")
            case .failed: ("the server cannot be asked", "look at the reason")
            }
        return """
            AdminClientError: \(title)
            ├─ Reason: '\(EscapedText.line(path))': \(EscapedText.line(detail))
            └─ Try: \(remedy)
            """
    }
}
