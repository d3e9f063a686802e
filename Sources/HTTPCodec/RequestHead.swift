/// One field line of a head.
public struct Field: Sendable, Equatable {
    /// The name as sent.
    public var name: ByteSpan

    /// The value without the spaces and tabs around it; bytes from 0x80 are kept as sent.
    public var value: ByteSpan

    /// The name, where it is one that the server knows.
    public var known: FieldName

    /// Whether the name holds a `_`, and would collide in a WSGI environ with a name that holds a `-` there.
    public var hasUnderscore: Bool

    /// Creates a field from its parts.
    public init(name: ByteSpan, value: ByteSpan, known: FieldName, hasUnderscore: Bool) {
        self.name = name
        self.value = value
        self.known = known
        self.hasUnderscore = hasUnderscore
    }
}

/// How the end of a request's body is found (RFC 9112 6.3).
public enum BodyFraming: Sendable, Equatable {
    /// There is no body, and no field that announces one.
    case none

    /// The body is this many bytes, 0 included.
    case length(Int)

    /// The body is in chunks; ``ChunkedBodyDecoder`` reads it.
    case chunked
}

/// What a request's head says, as places in the bytes that it was parsed from.
public struct RequestHead: Sendable {
    /// The method, a token of at most 64 bytes; its letters' case matters.
    public internal(set) var method = ByteSpan()

    /// The request target as sent.
    public internal(set) var target = ByteSpan()

    /// The path, still percent-encoded: it begins with `/`, or is `*` for `OPTIONS *`.
    ///
    /// An absolute-form target without a path has the path `/`.
    public internal(set) var path = ByteSpan()

    /// The bytes after the first `?` of the target; empty where there is none.
    public internal(set) var query = ByteSpan()

    /// Whether the target holds a `?`, even with nothing after it.
    public internal(set) var hasQuery = false

    /// Host and port of the request: the target's where it is in absolute-form, else the Host field's.
    ///
    /// It is checked and may end in a port; it is empty only for HTTP/1.0.
    public internal(set) var authority = ByteSpan()

    /// The x of HTTP/1.x, 0 or 1; a higher one is taken for 1 (RFC 9110 2.5).
    public internal(set) var minorVersion = 1

    /// The fields in the order sent.
    public internal(set) var fields: [Field] = []

    /// How the end of the body is found.
    public internal(set) var framing = BodyFraming.none

    /// Whether the client lets the connection carry another request (RFC 9112 9.3).
    public internal(set) var keepsAlive = true

    /// Whether the client waits for `100 Continue` before it sends its body.
    public internal(set) var expectsContinue = false

    /// Whether the method is `HEAD`, so that the response has no body.
    public internal(set) var isHEAD = false

    /// Whether the client asks for another protocol: an Upgrade field, named in Connection, on HTTP/1.1.
    public internal(set) var requestsUpgrade = false

    /// Whether any field tells of a proxy's client (`Forwarded`, `X-Forwarded-…`); ``ClientOrigin`` judges them.
    public internal(set) var mentionsForwarding = false

    /// Creates an empty head.
    public init() {}

    mutating func reset() {
        fields.removeAll(keepingCapacity: true)
        query = ByteSpan()
        hasQuery = false
        authority = ByteSpan()
        minorVersion = 1
        framing = .none
        keepsAlive = true
        expectsContinue = false
        isHEAD = false
        requestsUpgrade = false
        mentionsForwarding = false
    }
}

/// What is known after more bytes of a head.
public enum HeadOutcome: Sendable, Equatable {
    /// The head has not ended yet.
    case incomplete

    /// The head ended and is right; the body, or the next request, begins after this many bytes.
    case complete(byteCount: Int)

    /// The head is wrong; the connection closes after the answer.
    case refused(Refusal)
}
