/// What the fields of a head have said so far about framing, connection and expectation.
struct HeadNotes: Sendable {
    var hasHost = false
    var contentLength: Int?
    var transferEncoding: ByteSpan?
    var closes = false
    var keepsAlive = false
    var namesUpgrade = false
    var hasUpgrade = false
    var expectsContinue = false
    var targetHasAuthority = false
}

extension RequestHeadParser {
    /// Takes note of one field, and refuses it where it is wrong by itself or a second one where one is allowed.
    @inline(__always)
    mutating func note(_ field: Field, _ base: UnsafeRawPointer) throws(Refusal) {
        switch field.known {
        case .host:
            try noteHost(field.value, base)
        case .contentLength:
            try noteContentLength(field.value, base)
        case .transferEncoding:
            guard notes.transferEncoding == nil else {
                throw .bad(.badTransferEncoding, "there is more than one Transfer-Encoding")
            }
            notes.transferEncoding = field.value
        case .connection:
            noteConnection(field.value, base)
        case .expect:
            guard head.minorVersion > 0 else { return }  // RFC 9110 10.1.1: a 1.0 client's expectation is ignored
            guard ByteScan.matches(base + field.value.start, count: field.value.count, "100-continue") else {
                throw Refusal(
                    status: 417,
                    cause: .badExpectation,
                    message: "the only expectation met here is 100-continue",
                )
            }
            notes.expectsContinue = true
        case .upgrade:
            if !field.value.isEmpty { notes.hasUpgrade = true }
        case .forwarded, .xForwardedFor, .xForwardedHost, .xForwardedPort, .xForwardedProto,
            .xForwardedProtocol, .xForwardedSSL:
            head.mentionsForwarding = true
        case .other, .accept, .acceptEncoding, .authorization, .contentType, .cookie, .ifNoneMatch, .keepAlive,
            .origin, .proxy, .range, .referer, .secFetchDest, .secFetchMode, .secFetchSite, .secWebSocketKey, .te,
            .traceparent, .trailer, .userAgent, .xQueueStart, .xRealIP, .xRequestID, .xRequestStart:
            return
        }
    }

    /// Judges the head as a whole (RFC 9112 3.2, 6.3, 9.3; RFC 9110 7.8, 10.1.1).
    mutating func concludeHead(_ base: UnsafeRawPointer) throws(Refusal) {
        if head.minorVersion > 0, !notes.hasHost { throw .bad(.badHost, "there is no Host") }
        try concludeFraming(base)
        head.keepsAlive = head.minorVersion > 0 ? !notes.closes : notes.keepsAlive && !notes.closes
        head.requestsUpgrade = head.minorVersion > 0 && notes.namesUpgrade && notes.hasUpgrade
        switch head.framing {
        case .none, .length(0):
            head.expectsContinue = false
        case .length, .chunked:
            head.expectsContinue = notes.expectsContinue
        }
    }

    private mutating func concludeFraming(_ base: UnsafeRawPointer) throws(Refusal) {
        guard let encoding = notes.transferEncoding else {
            head.framing = notes.contentLength.map { .length($0) } ?? .none
            return
        }
        guard notes.contentLength == nil else {
            throw .bad(.badTransferEncoding, "there are both Content-Length and Transfer-Encoding")
        }
        guard head.minorVersion > 0 else {
            throw .bad(.badTransferEncoding, "there is a Transfer-Encoding on HTTP/1.0")
        }
        if !ByteScan.matches(base + encoding.start, count: encoding.count, "chunked") {
            throw Self.unsupportedEncoding(UnsafeRawBufferPointer(start: base + encoding.start, count: encoding.count))
        }
        head.framing = .chunked
    }

    /// The refusal for a Transfer-Encoding that is not `chunked` alone: 501 for codings that exist elsewhere, 400
    /// for a value that is no list of codings or holds `chunked` anywhere but once and last.
    private static func unsupportedEncoding(_ value: UnsafeRawBufferPointer) -> Refusal {
        var members = ListMembers(value)
        var chunked = 0
        var endsInChunked = false
        while let member = members.next() {
            guard !member.isEmpty, member.allSatisfy({ ByteClass.isToken($0) }), let base = member.baseAddress else {
                return .bad(.badTransferEncoding, "the Transfer-Encoding is not a list of codings")
            }
            endsInChunked = ByteScan.matches(base, count: member.count, "chunked")
            if endsInChunked { chunked += 1 }
        }
        guard chunked == 0 || (chunked == 1 && endsInChunked) else {
            return .bad(.badTransferEncoding, "chunked is not the one last transfer coding")
        }
        return Refusal(
            status: 501,
            cause: .unsupportedTransferEncoding,
            message: "the only transfer coding supported is chunked",
        )
    }

    /// Takes digits only, in one field (RFC 9110 8.6); a list of equal values is refused too.
    private mutating func noteContentLength(_ value: ByteSpan, _ base: UnsafeRawPointer) throws(Refusal) {
        guard notes.contentLength == nil else {
            throw .bad(.badContentLength, "there is more than one Content-Length")
        }
        guard !value.isEmpty else { throw .bad(.badContentLength, "the Content-Length is empty") }
        var length = 0
        var overflows = false
        for offset in value.start..<value.end {
            guard let digit = base.byte(offset).decimalValue else {
                throw .bad(.badContentLength, "the Content-Length is not a number")
            }
            let (product, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(digit))
            if overflow || carry { overflows = true }
            length = sum
        }
        guard !overflows else {
            throw Refusal(status: 413, cause: .contentTooLarge, message: "the Content-Length is beyond any limit")
        }
        notes.contentLength = length
    }

    /// Reads the options of one Connection field (RFC 9110 7.6.1); unknown ones mean nothing to a server that
    /// forwards nothing.
    private mutating func noteConnection(_ value: ByteSpan, _ base: UnsafeRawPointer) {
        var members = ListMembers(UnsafeRawBufferPointer(start: base + value.start, count: value.count))
        while let member = members.next() {
            guard let base = member.baseAddress else { continue }
            switch member.count {
            case 5:
                if ByteScan.matches(base, count: 5, "close") { notes.closes = true }
            case 7:
                if ByteScan.matches(base, count: 7, "upgrade") { notes.namesUpgrade = true }
            case 10:
                if ByteScan.matches(base, count: 10, "keep-alive") { notes.keepsAlive = true }
            default:
                continue
            }
        }
    }

    /// Checks the one Host field (RFC 9112 3.2); it is the authority unless the target has one.
    ///
    /// An empty Host is right only where the target URI has no authority, which an `http` URI always has: it is
    /// taken from HTTP/1.0, where Host means nothing, and refused from HTTP/1.1.
    private mutating func noteHost(_ value: ByteSpan, _ base: UnsafeRawPointer) throws(Refusal) {
        guard !notes.hasHost else { throw .bad(.badHost, "there is more than one Host") }
        notes.hasHost = true
        if value.isEmpty, head.minorVersion == 0 { return }
        guard Authority.isValid(UnsafeRawBufferPointer(start: base + value.start, count: value.count)) else {
            throw .bad(.badHost, "the Host is not a name or address with an optional port")
        }
        if !notes.targetHasAuthority { head.authority = value }
    }
}
