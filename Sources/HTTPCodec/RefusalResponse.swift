/// Whole responses that the server makes by itself, with a line of text as the body.
public enum RefusalResponse {
    /// Returns a response as bytes.
    ///
    /// - Parameters:
    ///   - status: a status of ``reason(of:)``; another one is sent with an empty reason phrase.
    ///   - message: one line, without its end; bytes outside of printable ASCII are sent as `?`.
    ///   - date: the value of the Date field.
    ///   - retryAfter: the seconds of a Retry-After field, if any; a negative number means 0.
    ///   - keepsAlive: whether the connection stays open.
    ///   - isHEAD: whether the body is left out, as for any response to HEAD.
    ///   - minorVersion: the x of the request's HTTP/1.x.
    ///   - requestID: the value of an X-Request-ID field, by which the log names the request, if any.
    /// - Returns: status line, fields, and the body unless it is left out.
    public static func bytes(
        status: Int,
        message: String,
        date: HTTPDate,
        retryAfter: Int? = nil,
        keepsAlive: Bool = false,
        isHEAD: Bool = false,
        minorVersion: Int = 1,
        requestID: String? = nil
    ) -> [UInt8] {
        let line = message.utf8.map { (0x20..<0x7F).contains($0) ? $0 : .questionMark }
        var response: [UInt8] = []
        response.reserveCapacity(256 + line.count)
        func put(_ text: String) { response.append(contentsOf: text.utf8) }
        put("HTTP/1.1 \(status) \(reason(of: status))\r\n")
        put("Content-Type: text/plain; charset=utf-8\r\nContent-Length: \(line.count + 1)\r\nDate: ")
        date.withBytes { response.append(contentsOf: $0) }
        put("\r\n")
        if status == 426 {
            // RFC 6455 section 4.4.
            put("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n")
        }
        if status == 503 { put("Cache-Control: no-store\r\n") }
        if let requestID { put("X-Request-ID: \(requestID)\r\n") }
        if let retryAfter { put("Retry-After: \(max(retryAfter, 0))\r\n") }
        if !keepsAlive {
            put("Connection: close\r\n")
        } else if minorVersion == 0 {
            put("Connection: keep-alive\r\n")
        }
        put("\r\n")
        if !isHEAD {
            response.append(contentsOf: line)
            response.append(.lineFeed)
        }
        return response
    }

    /// Returns the reason phrase of a status that the server itself answers; empty for others.
    public static func reason(of status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 417: "Expectation Failed"
        case 426: "Upgrade Required"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}
