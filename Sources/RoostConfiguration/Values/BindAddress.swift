/// Where a listener waits for connections.
///
/// Written `HOST:PORT`, `[IPv6]:PORT`, `:PORT` (every IPv4 address), `PORT` (127.0.0.1) or `unix:/path`.
public enum BindAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name or an IP address without brackets, and a port; port 0 lets the kernel choose one.
    case tcp(host: String, port: Int)

    /// A Unix socket at a path, absolute once the configuration is loaded.
    case unix(path: String)

    /// The address as it can be written in the configuration.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// Whether only this machine can connect: a Unix socket, or an address of the loopback interface.
    public var isLocal: Bool {
        switch self {
        case .tcp(let host, _): host.hasPrefix("127.") || host == "::1" || host == "localhost"
        case .unix: true
        }
    }

    /// The port, or `nil` for a Unix socket.
    public var port: Int? {
        switch self {
        case .tcp(_, let port): port
        case .unix: nil
        }
    }

    /// The longest path a Unix socket can have: `sun_path` is 108 bytes with its terminator (unix(7)).
    static let longestSocketPath = 107

    /// The address a text stands for; a relative socket path is joined to `base`.
    ///
    /// - Throws: `ValueError` for a bad port, host or path.
    static func parse(_ text: String, base: String) throws(ValueError) -> BindAddress {
        if text.hasPrefix("unix:@") {
            // It has no file: no owner, no mode, and whoever comes first has the name.
            throw ValueError(
                "'\(text)' is an abstract socket, to which every program here could connect",
                suggestion: "unix:/run/roost/app.sock, or unix:./\(text.dropFirst(5)) for a file of that name"
            )
        }
        if text.hasPrefix("unix:") {
            return .unix(path: try socketPath(String(text.dropFirst("unix:".count)), base: base))
        }
        if text.hasPrefix("/") {
            throw ValueError("'\(text)' is a path", suggestion: "unix:\(text)")
        }
        if text.hasPrefix("fd:") {
            throw ValueError("'\(text)' is an inherited descriptor, which Roost cannot listen on")
        }
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return .tcp(host: "127.0.0.1", port: try port(text[...], of: text))
        }
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]"), text[text.index(after: close)...].hasPrefix(":") else {
                throw malformed(text)
            }
            let host = String(text[text.index(after: text.startIndex)..<close])
            guard IPText.isIPv6(host) else {
                throw ValueError("'\(host)' is not an IPv6 address")
            }
            return .tcp(host: host, port: try port(text[text.index(close, offsetBy: 2)...], of: text))
        }
        guard let colon = text.lastIndex(of: ":") else { throw malformed(text) }
        let host = String(text[..<colon])
        if host.contains(":") {
            throw ValueError("'\(text)' has an IPv6 address without brackets", suggestion: "[\(host)]:8000")
        }
        guard isPlausibleHost(host) else { throw malformed(text) }
        return .tcp(host: host.isEmpty ? "0.0.0.0" : host, port: try port(text[text.index(after: colon)...], of: text))
    }

    /// A socket's path made absolute, or the reason why it cannot be one.
    static func socketPath(_ path: String, base: String) throws(ValueError) -> String {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw ValueError("a Unix socket needs a path", suggestion: "unix:/run/roost/app.sock")
        }
        let absolute = PathText.absolute(path, base: base)
        guard absolute.utf8.count <= longestSocketPath else {
            throw ValueError(
                "'\(absolute)' has \(absolute.utf8.count) bytes; a Unix socket's path has at most \(longestSocketPath)"
            )
        }
        return absolute
    }

    private static func port(_ digits: Substring, of text: String) throws(ValueError) -> Int {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw malformed(text)
        }
        guard let port = Int(digits), port <= 65_535 else {
            throw ValueError("'\(text)' has a port above 65535")
        }
        return port
    }

    /// A host name is letters, digits, `-`, `_` and `.`; whether it exists is found out when it is bound.
    private static func isPlausibleHost(_ host: String) -> Bool {
        host.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains(scalar))
        }
    }

    private static func malformed(_ text: String) -> ValueError {
        ValueError("'\(text)' is not an address", suggestion: "127.0.0.1:8000, [::1]:8000, :8000, 8000 or unix:/path")
    }
}
