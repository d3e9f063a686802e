/// What the server knows of a response besides the application's own head.
public struct ResponseContext: Sendable {
    /// Whether the request's method is `HEAD`.
    public var isHEAD: Bool

    /// The x of the request's HTTP/1.x, 0 or 1.
    public var minorVersion: Int

    /// Whether the server wants to keep the connection for another request.
    public var keepsAlive: Bool

    /// The length of the whole body where it is known already; used when the application announced none.
    public var bodyLength: Int?

    /// The Date of the response, unless the application gave one.
    public var date: HTTPDate

    /// The value of the Server field, unless the application gave one; empty for none.
    ///
    /// The bytes are configuration: they were checked to be a field value there.
    public var serverName: [UInt8]

    /// The value of one more `Set-Cookie` field; empty for none.
    ///
    /// Not sent with what any cache may keep for others: all of them would have the same cookie.
    public var cookie: [UInt8]

    /// Creates a context.
    public init(
        isHEAD: Bool,
        minorVersion: Int,
        keepsAlive: Bool,
        bodyLength: Int? = nil,
        date: HTTPDate,
        serverName: [UInt8] = [],
        cookie: [UInt8] = [],
    ) {
        self.isHEAD = isHEAD
        self.minorVersion = minorVersion
        self.keepsAlive = keepsAlive
        self.bodyLength = bodyLength
        self.date = date
        self.serverName = serverName
        self.cookie = cookie
    }
}

/// How the end of a response's body is shown to the client (RFC 9112 6.3).
public enum ResponseFraming: Sendable, Equatable {
    /// No byte may follow the head: a response to HEAD, or of status 204 or 304.
    case none

    /// Exactly this many bytes follow; fewer is an abort, more are cut.
    case length(Int)

    /// Chunks follow, and a last one only if the body is whole.
    case chunked

    /// Bytes follow until the connection closes: HTTP/1.0 with no length known.
    case untilClose
}
