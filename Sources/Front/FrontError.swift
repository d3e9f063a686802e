/// Why the front could not start.
public struct FrontError: Error, Sendable, CustomStringConvertible {
    /// What was tried.
    public let listener: FrontConfiguration.Listener
    /// Why it failed.
    public let reason: String
    /// What to do; nil for the usual.
    public var advice: String?

    /// For people, as a tree.
    public var description: String {
        """
        StartupError: can't listen on \(listener)
        ├─ Reason: \(reason)
        └─ Try: \(advice ?? "another address with --bind, or end what listens there")
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

    /// Creates the address that a text stands for, as ``description`` writes it; nil for any other text.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            self = .unix(path: String(text.dropFirst("unix:".count)))
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else { return nil }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        self = .tcp(host: String(isBracketed ? host.dropFirst().dropLast() : host), port: port)
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
