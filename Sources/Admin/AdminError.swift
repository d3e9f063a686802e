import Glibc
import Telemetry

/// Why the admin cannot listen.
public struct AdminError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, as a bounded name.
    public enum Code: String, Sendable {
        /// Another server listens on the socket.
        case inUse
        /// Something that is no socket has the socket's name.
        case notASocket
        /// The path does not fit into an address (`unix(7)`: 107 bytes).
        case pathTooLong
        /// Other users can change what is in the socket's directory.
        case notTrusted
        /// The system refused.
        case system
    }

    /// What went wrong.
    public var code: Code
    /// What happened, with the path or address.
    public var reason: String
    /// What to do.
    public var remedy: String

    /// For people: a tree.
    public var description: String {
        """
        AdminError: the admin cannot listen
        ├─ Reason: \(EscapedText.line(reason))
        └─ Try: \(EscapedText.line(remedy))
        """
    }

    static func system(_ what: String, _ path: String, _ errorNumber: Int32) -> AdminError {
        AdminError(
            code: .system,
            reason: "\(what) '\(path)': \(String(cString: strerror(errorNumber)))",
            remedy: "an admin socket in a directory that this user may write to"
        )
    }
}
