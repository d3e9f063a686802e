/// Writes the heads of responses, and refuses what must not be sent (RFC 9112, RFC 9110, PEP 3333).
public enum ResponseEncoder {
    /// The most that an encoded head adds to its payload: status line, Date, Content-Length, Connection, line ends.
    private static let addedBytes = 320

    /// Returns a size that every head of such a payload fits in when it is encoded.
    public static func maximumByteCount(
        payloadByteCount: Int,
        serverNameByteCount: Int,
        cookieByteCount: Int = 0
    ) -> Int {
        payloadByteCount + serverNameByteCount + cookieByteCount + addedBytes
    }

    /// Writes the head as the client gets it.
    ///
    /// The application's fields are kept in order; Date and Server are added where it gave none; Content-Length or
    /// Transfer-Encoding where it gave no length; Connection where its default would be wrong. A status that has
    /// no body gets no length that the application did not give, and 204 none at all.
    ///
    /// - Parameters:
    ///   - head: the worker's head.
    ///   - context: what the server knows.
    ///   - output: memory of at least ``maximumByteCount(payloadByteCount:serverNameByteCount:cookieByteCount:)`` bytes.
    /// - Returns: the bytes written, the framing of the body, and whether the connection may be kept.
    /// - Throws: a violation, and `output` is then undefined; nothing of it may be sent.
    /// - Precondition: `output` is large enough.
    public static func encode(
        head: ResponseHead,
        context: ResponseContext,
        into output: UnsafeMutableRawBufferPointer,
    ) throws(ResponseViolation) -> (byteCount: Int, framing: ResponseFraming, keepsAlive: Bool) {
        let needed = maximumByteCount(
            payloadByteCount: head.payload.count,
            serverNameByteCount: context.serverName.count,
            cookieByteCount: context.cookie.count,
        )
        guard let memory = output.baseAddress, output.count >= needed else {
            preconditionFailure("the output is smaller than maximumByteCount")
        }
        var writer = ByteWriter(memory)
        writer.put("HTTP/1.1 ")
        writer.putNumber(head.status)
        writer.put(.space)
        writer.put(head.reason.bytes(in: head.payload))
        writer.putLineEnd()

        let seen = try putFields(head, &writer)
        let framing = framing(of: head.status, announced: seen.contentLength, context: context)
        putFraming(framing, announced: seen.contentLength, &writer)
        if !seen.hasDate {
            writer.put("Date: ")
            context.date.withBytes { writer.put($0) }
            writer.putLineEnd()
        }
        if !seen.hasServer, !context.serverName.isEmpty {
            writer.put("Server: ")
            context.serverName.withUnsafeBytes { writer.put($0) }
            writer.putLineEnd()
        }
        if !context.cookie.isEmpty, !seen.isForAll {
            writer.put("Set-Cookie: ")
            context.cookie.withUnsafeBytes { writer.put($0) }
            writer.putLineEnd()
        }
        let keepsAlive = context.keepsAlive && framing != .untilClose
        if !keepsAlive {
            writer.put("Connection: close\r\n")
        } else if context.minorVersion == 0 {
            writer.put("Connection: keep-alive\r\n")
        }
        writer.putLineEnd()
        return (writer.count, framing, keepsAlive)
    }

    private static func framing(of status: Int, announced: Int?, context: ResponseContext) -> ResponseFraming {
        if context.isHEAD || status == 204 || status == 304 { return .none }
        if let length = announced ?? context.bodyLength { return .length(length) }
        return context.minorVersion > 0 ? .chunked : .untilClose
    }

    /// Writes the field that shows the framing, unless the application's own Content-Length is there already.
    private static func putFraming(_ framing: ResponseFraming, announced: Int?, _ writer: inout ByteWriter) {
        switch framing {
        case .none, .untilClose:
            return
        case .length(let length):
            guard announced == nil else { return }
            writer.put("Content-Length: ")
            writer.putNumber(length)
            writer.putLineEnd()
        case .chunked:
            writer.put("Transfer-Encoding: chunked\r\n")
        }
    }
}

extension ResponseEncoder {
    /// Writes the head with which a handshake for a WebSocket is accepted (RFC 6455 4.2.2).
    ///
    /// The application's fields are kept in order; those that are the handshake's own (`Sec-WebSocket-Accept`,
    /// `Sec-WebSocket-Extensions`) and lengths are left out. Date and Server are added where it gave none.
    ///
    /// - Parameters:
    ///   - head: the worker's head, with the status 101.
    ///   - accept: what `Sec-WebSocket-Accept` says.
    ///   - extensions: what `Sec-WebSocket-Extensions` says; empty for no such field.
    ///   - date: the Date of the response.
    ///   - serverName: the value of the Server field; empty for none.
    ///   - cookie: the value of one more `Set-Cookie` field; empty for none.
    ///   - output: memory of at least ``maximumByteCount(payloadByteCount:serverNameByteCount:cookieByteCount:)`` bytes, and those of
    ///     `accept` and `extensions`.
    /// - Returns: the bytes written.
    /// - Throws: a violation, and `output` is then undefined; nothing of it may be sent.
    /// - Precondition: `output` is large enough.
    public static func encodeUpgrade(
        head: ResponseHead,
        accept: [UInt8],
        extensions: [UInt8] = [],
        date: HTTPDate,
        serverName: [UInt8],
        cookie: [UInt8] = [],
        into output: UnsafeMutableRawBufferPointer,
    ) throws(ResponseViolation) -> Int {
        let needed =
            maximumByteCount(
                payloadByteCount: head.payload.count,
                serverNameByteCount: serverName.count,
                cookieByteCount: cookie.count
            ) + accept.count + extensions.count
        guard let memory = output.baseAddress, output.count >= needed else {
            preconditionFailure("the output is smaller than maximumByteCount")
        }
        var writer = ByteWriter(memory)
        writer.put("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        writer.put("Sec-WebSocket-Accept: ")
        accept.withUnsafeBytes { writer.put($0) }
        writer.putLineEnd()
        if !extensions.isEmpty {
            writer.put("Sec-WebSocket-Extensions: ")
            extensions.withUnsafeBytes { writer.put($0) }
            writer.putLineEnd()
        }
        let seen = try putFields(head, &writer)
        if !seen.hasDate {
            writer.put("Date: ")
            date.withBytes { writer.put($0) }
            writer.putLineEnd()
        }
        if !seen.hasServer, !serverName.isEmpty {
            writer.put("Server: ")
            serverName.withUnsafeBytes { writer.put($0) }
            writer.putLineEnd()
        }
        if !cookie.isEmpty {
            writer.put("Set-Cookie: ")
            cookie.withUnsafeBytes { writer.put($0) }
            writer.putLineEnd()
        }
        writer.putLineEnd()
        return writer.count
    }

    private struct SeenFields {
        var contentLength: Int?
        var hasDate = false
        var hasServer = false
        /// Whether a cache may keep the response and give it to others.
        var isForAll = false
    }

    /// Checks and copies the fields of the frame, which must end where the last of them does.
    private static func putFields(
        _ head: ResponseHead,
        _ writer: inout ByteWriter,
    ) throws(ResponseViolation) -> SeenFields {
        let payload = head.payload
        var seen = SeenFields()
        var cursor = head.reason.end
        for _ in 0..<head.fieldCount {
            let (name, value) = try field(of: payload, at: &cursor)
            if try take(name, value, status: head.status, &seen) {
                writer.put(name)
                writer.put(": ")
                writer.put(value)
                writer.putLineEnd()
            }
        }
        guard cursor == payload.count else {
            throw ResponseViolation(.malformedFrame, "there are bytes after the last field of the response head")
        }
        return seen
    }

    /// Reads the field that stands at `cursor`, which is moved behind it.
    @inline(__always)
    static func field(
        of payload: UnsafeRawBufferPointer,
        at cursor: inout Int
    ) throws(ResponseViolation) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard payload.count - cursor >= 8 else { throw .truncatedField }
        let nameCount = Int(payload.littleEndian16(at: cursor))
        let valueCount = Int(payload.littleEndian32(at: cursor + 4))
        guard payload.littleEndian16(at: cursor + 2) == 0, payload.count - cursor - 8 >= nameCount + valueCount
        else { throw .truncatedField }
        let nameStart = cursor + 8
        let name = UnsafeRawBufferPointer(rebasing: payload[nameStart..<(nameStart + nameCount)])
        cursor = nameStart + nameCount + valueCount
        return (name, UnsafeRawBufferPointer(rebasing: payload[(nameStart + nameCount)..<cursor]))
    }

    /// Checks what any field of a response has to be.
    ///
    /// - Returns: where its name begins.
    @inline(__always)
    static func checked(
        _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) throws(ResponseViolation) -> UnsafeRawPointer {
        guard let base = name.baseAddress, name.count > 0, name.allSatisfy({ ByteClass.isToken($0) }) else {
            throw ResponseViolation(.badFieldName, "a field name of the response is not a token")
        }
        if let valueBase = value.baseAddress {
            var control = ByteScan.firstControl(in: valueBase, from: 0, to: value.count)
            while control < value.count, value[control] == .tab {
                control = ByteScan.firstControl(in: valueBase, from: control + 1, to: value.count)
            }
            guard control == value.count else {
                throw ResponseViolation(.badFieldValue, "a field value of the response holds a control character")
            }
        }
        return base
    }

    /// Checks one field and takes note of it.
    ///
    /// - Returns: whether it is to be sent; a repeated equal Content-Length and one with 204 are not.
    private static func take(
        _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer,
        status: Int,
        _ seen: inout SeenFields,
    ) throws(ResponseViolation) -> Bool {
        let base = try checked(name, value)
        func matches(_ text: StaticString) -> Bool { ByteScan.matches(base, count: name.count, text) }
        switch name.count {
        case 4:
            if matches("date") { seen.hasDate = true }
        case 6:
            if matches("server") { seen.hasServer = true }
        case 13:
            if matches("cache-control") { seen.isForAll = seen.isForAll || isForAll(value) }
        case 14:
            guard matches("content-length") else { return true }
            let length = try contentLength(value)
            guard seen.contentLength == nil || seen.contentLength == length else {
                throw ResponseViolation(.badContentLength, "the response has two different Content-Lengths")
            }
            let isFirst = seen.contentLength == nil
            seen.contentLength = length
            return isFirst && status != 204 && status != 101
        case 2, 7, 8, 10, 17, 18, 19:
            let hopByHop =
                matches("te") || matches("trailer") || matches("upgrade") || matches("trailers")
                || matches("connection") || matches("keep-alive") || matches("transfer-encoding")
                || matches("proxy-authenticate") || matches("proxy-authorization")
            if hopByHop {
                throw ResponseViolation(.hopByHopField, "the response has a hop-by-hop field, which PEP 3333 forbids")
            }
        case 20:
            if status == 101, matches("sec-websocket-accept") { return false }
        case 24:
            if status == 101, matches("sec-websocket-extensions") { return false }
        default:
            break
        }
        return true
    }

    /// Returns whether `Cache-Control` has a shared cache keep a response (RFC 9111 5.2.2): it says `public`, or how long.
    private static func isForAll(_ value: UnsafeRawBufferPointer) -> Bool {
        value.split(separator: UInt8(ascii: ",")).contains { member in
            let directive = UnsafeRawBufferPointer(rebasing: member).trimmed
            guard let base = directive.baseAddress else { return false }
            return ByteScan.matches(base, count: directive.count, "public")
                || ByteScan.matches(base, count: directive.count, "immutable")
                || directive.count > 9 && ByteScan.matches(base, count: 9, "s-maxage=")
        }
    }

    private static func contentLength(_ value: UnsafeRawBufferPointer) throws(ResponseViolation) -> Int {
        let digits = value.trimmed
        var length = 0
        for byte in digits {
            let (product, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(byte &- .zero))
            guard byte.decimalValue != nil, !overflow, !carry else { throw .badContentLength }
            length = sum
        }
        guard !digits.isEmpty else { throw .badContentLength }
        return length
    }
}

extension ResponseViolation {
    fileprivate static var truncatedField: ResponseViolation {
        ResponseViolation(.malformedFrame, "a field of the response head runs over its end")
    }

    fileprivate static var badContentLength: ResponseViolation {
        ResponseViolation(.badContentLength, "the response's Content-Length is not a number")
    }
}
