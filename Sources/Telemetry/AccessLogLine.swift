/// One answered request, as the access log has it.
///
/// Whatever the client chose is bytes here, and is escaped as it is written: `\xNN` for everything but printable ASCII,
/// in both formats, so that one search finds it in either and no client can write a line of its own.
public struct AccessLogLine: Sendable, Equatable {
    /// The form of the lines.
    public enum Format: String, Sendable, CaseIterable {
        /// Apache's combined log format, then queue time, service time and request id as `key=value`.
        case text
        /// One JSON object a line.
        case json
    }

    /// When the answer was complete.
    public var time: UTCTime
    /// The client's address, without port.
    public var client: String
    /// The method token.
    public var method: [UInt8]
    /// The request target as it came.
    public var target: [UInt8]
    /// The version, such as `HTTP/1.1`.
    public var version: String
    /// The status of the answer.
    public var status: Int
    /// Bytes of the response's body that were sent.
    public var responseBytes: UInt64
    /// The value of `Referer`.
    public var referer: [UInt8]?
    /// The value of `User-Agent`.
    public var userAgent: [UInt8]?
    /// Queue time; nil when the request was never queued.
    public var queueNanoseconds: UInt64?
    /// Service time; nil when no thread took the request.
    public var serviceNanoseconds: UInt64?
    /// The request's id, as the application and our log have it.
    public var requestID: String
    /// Whether the client left before the answer was whole.
    public var isCut: Bool

    /// Why the request was refused; nil when it was not.
    public var cause: String?

    /// Creates the line of one request.
    public init(
        time: UTCTime,
        client: String,
        method: [UInt8],
        target: [UInt8],
        version: String = "HTTP/1.1",
        status: Int,
        responseBytes: UInt64,
        referer: [UInt8]? = nil,
        userAgent: [UInt8]? = nil,
        queueNanoseconds: UInt64? = nil,
        serviceNanoseconds: UInt64? = nil,
        requestID: String,
        isCut: Bool = false,
        cause: String? = nil
    ) {
        self.time = time
        self.client = client
        self.method = method
        self.target = target
        self.version = version
        self.status = status
        self.responseBytes = responseBytes
        self.referer = referer
        self.userAgent = userAgent
        self.queueNanoseconds = queueNanoseconds
        self.serviceNanoseconds = serviceNanoseconds
        self.requestID = requestID
        self.isCut = isCut
        self.cause = cause
    }

    /// The line in `format`, ending in a line feed.
    public func rendered(as format: Format) -> String {
        switch format {
        case .text: text
        case .json: json
        }
    }

    private var text: String {
        var line = client.isEmpty ? "-" : EscapedText.bytes(client.utf8)
        line.reserveCapacity(256)
        line += " - - [\(time.commonLog)] \""
        EscapedText.append(method.isEmpty ? [0x2D] : method, to: &line)
        for part in [target, Array(version.utf8)] where !part.isEmpty {
            line += " "
            EscapedText.append(part, to: &line)
        }
        line += "\" \(status) \(responseBytes) \""
        EscapedText.append(referer ?? [0x2D], to: &line)
        line += "\" \""
        EscapedText.append(userAgent ?? [0x2D], to: &line)
        line += "\" queue_ms=\(milliseconds(queueNanoseconds)) service_ms=\(milliseconds(serviceNanoseconds)) id="
        EscapedText.append(requestID.utf8, to: &line)
        if let cause { line += " cause=\(EscapedText.bytes(cause.utf8))" }
        line += isCut ? " cut\n" : "\n"
        return line
    }

    private func milliseconds(_ nanoseconds: UInt64?) -> String {
        nanoseconds.map { Decimal.text($0, scale: 1_000_000, places: 3) } ?? "-"
    }

    private var json: String {
        var json = JSONWriter()
        json.beginObject()
        json.string(time.rfc3339, "time")
        json.string(EscapedText.bytes(client.utf8), "client")
        json.string(EscapedText.bytes(method), "method")
        json.string(EscapedText.bytes(target), "target")
        json.string(EscapedText.bytes(version.utf8), "version")
        json.integer(status, "status")
        json.integer(responseBytes, "response_bytes")
        if let referer { json.string(EscapedText.bytes(referer), "referer") }
        if let userAgent { json.string(EscapedText.bytes(userAgent), "user_agent") }
        json.milliseconds(nanoseconds: queueNanoseconds, "queue_ms")
        json.milliseconds(nanoseconds: serviceNanoseconds, "service_ms")
        json.string(EscapedText.bytes(requestID.utf8), "id")
        json.boolean(isCut, "cut")
        if let cause { json.string(EscapedText.bytes(cause.utf8), "cause") }
        json.endObject()
        return json.text + "\n"
    }
}
