internal import CPython

extension ResponseHead {
    /// Takes what the application gave: the `status` and the `headers` of its message, nil for none.
    ///
    /// What is hop-by-hop is the server's, and is left out: "servers must ignore" it (ASGI, "Response Start").
    ///
    /// Needs the GIL.
    ///
    /// - Throws: ``ApplicationMistake`` when RFC 9110 does not allow it. Then the head is unusable.
    mutating func set(
        status: UInt16,
        headers: PythonObject?,
        subprotocol: UnsafeRawBufferPointer? = nil
    ) throws(ApplicationMistake) {
        count = Self.fixedBytes
        contentLength = nil
        self.status = status
        let reason = StatusReason.text(of: status)
        _ = append(UnsafeRawBufferPointer(start: reason.utf8Start, count: reason.utf8CodeUnitCount))
        var fields = 0
        if let headers, headers != roost_none() {
            guard let list = PlainSequence(headers) else {
                throw ApplicationMistake(.type, "\(source): the headers must be a list of pairs of name and value")
            }
            guard list.count < Int(UInt16.max) else {
                throw ApplicationMistake(.value, "\(source): \(list.count) headers are too many")
            }
            for index in 0..<list.count {
                guard let item = list[index], let pair = PlainSequence(item), pair.count == 2,
                    let name = pair[0].flatMap(PythonBytes.view), let value = pair[1].flatMap(PythonBytes.view)
                else {
                    throw ApplicationMistake(
                        .type,
                        "\(source): header \(index) must be a pair of name and value, both bytes"
                    )
                }
                if try appendField(name, value) { fields += 1 }
            }
        }
        if let subprotocol {
            let name: StaticString = "sec-websocket-protocol"
            let bytes = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
            if try appendField(bytes, subprotocol) { fields += 1 }
        }
        storeCounts(reasonLength: reason.utf8CodeUnitCount, fields: fields)
    }

    /// - Returns: false when the field was left out.
    private mutating func appendField(
        _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) throws(ApplicationMistake) -> Bool {
        guard name.count > 0, name.count <= Int(UInt16.max),
            name.allSatisfy({ ByteTable.classes[Int($0)] & ByteTable.token != 0 })
        else {
            throw ApplicationMistake(
                .value,
                "\(source): '\(String(decoding: name, as: UTF8.self))' is no header name"
            )
        }
        guard value.allSatisfy({ ByteTable.classes[Int($0)] & ByteTable.value != 0 }) else {
            throw ApplicationMistake(
                .value,
                "\(source): the value of '\(String(decoding: name, as: UTF8.self))' "
                    + "must not hold control characters such as line breaks"
            )
        }
        switch HeadField(name) {
        case .hopByHop: return false
        case .contentLength: try takeContentLength(value)
        case .other: break
        }
        let place = count
        guard skip(Self.fixedBytes), append(name), append(value) else { throw tooLarge }
        storeLengths(name: name.count, value: value.count, at: place)
        return true
    }
}

/// The reason phrases of RFC 9110 and its companions: ASGI gives a status only.
enum StatusReason {
    /// The phrase; empty for a status without one.
    static func text(of status: UInt16) -> StaticString {
        switch status {
        case 101: "Switching Protocols"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 203: "Non-Authoritative Information"
        case 204: "No Content"
        case 205: "Reset Content"
        case 206: "Partial Content"
        case 207: "Multi-Status"
        case 208: "Already Reported"
        case 226: "IM Used"
        case 300: "Multiple Choices"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 407: "Proxy Authentication Required"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 418: "I'm a Teapot"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 423: "Locked"
        case 424: "Failed Dependency"
        case 425: "Too Early"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 451: "Unavailable For Legal Reasons"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        case 508: "Loop Detected"
        case 511: "Network Authentication Required"
        default: ""
        }
    }
}
