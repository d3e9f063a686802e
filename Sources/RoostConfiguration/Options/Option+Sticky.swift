extension Option {
    /// Browsers that stay with a worker.
    static let stickyOptions: [Option] = [
        .single(
            "sticky",
            .text,
            "RULE",
            in: .sticky,
            summary: "what keeps a browser with its worker: auto, off, cookie, …",
            discussion: """
                One of auto, off, cookie, address, header:NAME, query:NAME and path:N, for apps that keep a browser's \
                state in the memory of one process, such as Streamlit, Gradio, Panel, Shiny and NiceGUI. `auto` sets a cookie for an app that is known to be one, and does nothing for all \
                others. `address` takes the client's address, which many people may share; `header:`, `query:` and \
                `path:` the value of a header field, of a query parameter, or a segment of the path, counted from 1. \
                A request without that value goes to any worker.
                """,
            read: { value, _, configuration throws(ValueError) in
                configuration.sticky.rule = try stickyRule(value)
            },
            text: { $0.sticky.rule.text }
        ),
        .single(
            "sticky-cookie",
            .text,
            "NAME",
            in: .sticky,
            summary: "name of the cookie",
            discussion: """
                Another name is needed only where two servers below one host name must not share it; sharing does no \
                harm, for it names a browser and no worker.
                """,
            read: { value, _, configuration throws(ValueError) in
                guard isToken(value) else {
                    throw ValueError("'\(value)' can't be the name of a cookie", suggestion: "roost_session")
                }
                configuration.sticky.cookieName = value
            },
            text: { $0.sticky.cookieName }
        ),
        .choice(
            "sticky-same-site",
            \.sticky.sameSite,
            in: .sticky,
            metavariable: "WORD",
            summary: "whether frames in other sites send the cookie: lax or none",
            discussion: """
                `none` is for an app that is shown in a frame of a page of another site. Browsers then ask for HTTPS.
                """
        ),
        .duration(
            "session-timeout",
            \.sticky.timeout,
            atLeast: .seconds(1),
            in: .sticky,
            summary: "how long the worker of a silent browser is remembered",
            discussion: """
                Counted from its last request, or from the end of its last WebSocket. As long as a WebSocket is open \
                nothing is forgotten.
                """
        ),
        .integer(
            "max-sessions",
            \.sticky.maximumSessions,
            0...100_000,
            in: .sticky,
            summary: "most sessions in a worker, 0 for any number",
            discussion: """
                When all workers have as many, newcomers are answered 503 with `Retry-After` at the paths of \
                `waiting-room` and when they open a WebSocket, until somebody leaves. A page of Streamlit asks again by \
                itself, and starts when it is let in. A place is free again when its WebSockets are closed and its \
                browser has sent nothing for two minutes.
                """
        ),
        .prefixes(
            "waiting-room",
            \.sticky.doors,
            in: .sticky,
            summary: "path prefix where newcomers wait; repeatable",
            discussion: """
                The default is where Streamlit's page asks whether it can start. `/` turns newcomers away from \
                everything, for apps without WebSockets.
                """
        ),
    ]

    private static func stickyRule(_ text: String) throws(ValueError) -> ServerConfiguration.Sticky.Rule {
        switch text {
        case "auto": return .auto
        case "off": return .off
        case "cookie": return .cookie
        case "address": return .address
        default: break
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        let value = parts.count == 2 ? parts[1] : ""
        switch parts[0] {
        case "header":
            guard isToken(value) else {
                throw ValueError("'\(text)' names no header field", suggestion: "header:X-User")
            }
            return .header(name: value.lowercased())
        case "query":
            guard !value.isEmpty, value.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x26 && $0 != 0x3D })
            else {
                throw ValueError("'\(text)' names no query parameter", suggestion: "query:session_hash")
            }
            return .query(name: value)
        case "path":
            guard let place = Int(value), (1...32).contains(place) else {
                throw ValueError("'\(text)' names no segment of the path, 1 to 32", suggestion: "path:2")
            }
            return .path(place: place)
        default:
            throw ValueError(
                "'\(text)' is none of auto, off, cookie, address, header:NAME, query:NAME, path:N",
                suggestion: "cookie"
            )
        }
    }

    /// Whether a text is a token (RFC 9110 5.6.2).
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}

extension ServerConfiguration.Sticky.Rule {
    /// As it is written.
    var text: String {
        switch self {
        case .auto: "auto"
        case .off: "off"
        case .cookie: "cookie"
        case .address: "address"
        case .header(let name): "header:\(name)"
        case .query(let name): "query:\(name)"
        case .path(let place): "path:\(place)"
        }
    }
}
