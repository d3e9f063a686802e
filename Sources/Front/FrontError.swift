/// Why the front could not start.
public struct FrontError: Error, Sendable, CustomStringConvertible {
    /// What was tried.
    public let listener: FrontConfiguration.Listener
    /// Why it failed.
    public let reason: String

    /// For people, as a tree.
    public var description: String {
        """
        StartupError: can't listen on \(listener)
        ├─ Reason: \(reason)
        └─ Try: another address with --bind, or end what listens there
        """
    }
}

extension FrontConfiguration.Listener: CustomStringConvertible {
    /// The address as one writes it after `--bind`.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The address as a browser takes it; nil for a Unix socket.
    public var url: String? {
        switch self {
        case .tcp(let host, let port):
            switch host {
            case "0.0.0.0": "http://127.0.0.1:\(port)/"
            case "::": "http://[::1]:\(port)/"
            default: "http://\(self)/"
            }
        case .unix: nil
        }
    }
}
