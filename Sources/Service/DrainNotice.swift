/// What is said when the server begins to drain: what still runs, for how long at most, and how to end at once.
public struct DrainNotice: Sendable, Equatable {
    /// Requests that run or wait.
    public var requests: Int
    /// WebSocket connections that are open.
    public var sockets: Int
    /// How long they are let run.
    public var limit: Duration
    /// Whether it was Ctrl-C that ended the server.
    public var isInterrupt: Bool

    /// Creates the notice.
    public init(requests: Int, sockets: Int, limit: Duration, isInterrupt: Bool) {
        self.requests = requests
        self.sockets = sockets
        self.limit = limit
        self.isInterrupt = isInterrupt
    }

    /// The line; it begins with `draining`.
    public var text: String {
        var left: [String] = []
        if requests > 0 { left.append("\(requests) \(requests == 1 ? "request" : "requests")") }
        if sockets > 0 { left.append("\(sockets) \(sockets == 1 ? "WebSocket" : "WebSockets")") }
        guard !left.isEmpty else { return "draining: no request is left" }
        let verb = requests + sockets == 1 ? "is" : "are"
        let remedy = isInterrupt ? "a second Ctrl-C ends" : "a second signal ends"
        let what = left.joined(separator: " and ")
        return "draining: \(what) \(verb) given at most \(Self.text(of: limit)); \(remedy) now"
    }

    private static func text(of time: Duration) -> String {
        let (seconds, attoseconds) = time.components
        return seconds > 0 ? "\(seconds) s" : "\(attoseconds / 1_000_000_000_000_000) ms"
    }
}
