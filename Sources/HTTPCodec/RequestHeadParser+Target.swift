extension RequestHeadParser {
    /// Splits the target into path, query and authority by its form (RFC 9112 3.2).
    ///
    ///     origin-form      /path?query               any method but CONNECT
    ///     absolute-form    http://host/path?query    any method but CONNECT; its authority wins over Host
    ///     asterisk-form    *                         OPTIONS only
    ///     authority-form   host:port                 CONNECT only, answered 501: no tunnels here
    mutating func judgeTarget(_ base: UnsafeRawPointer) throws(Refusal) {
        let target = head.target
        let method = head.method
        guard !target.isEmpty else { throw .bad(.badTarget, "the request target is empty") }
        if head.hasQuery { head.query.count = target.end - head.query.start }
        if method.count == 7, ByteScan.equals(base + method.start, count: 7, "CONNECT") {
            throw Refusal(status: 501, cause: .unsupportedMethod, message: "CONNECT is not supported")
        }
        let pathEnd = head.hasQuery ? head.query.start - 1 : target.end
        switch base.byte(target.start) {
        case .slash:
            head.path = ByteSpan(start: target.start, count: pathEnd - target.start)
        case 0x2A where target.count == 1:  // "*"
            guard ByteScan.equals(base + method.start, count: method.count, "OPTIONS") else {
                throw .bad(.badTarget, "the request target * is for OPTIONS only")
            }
            head.path = target
        default:
            try splitAbsoluteForm(base, pathEnd: pathEnd)
        }
    }

    private mutating func splitAbsoluteForm(_ base: UnsafeRawPointer, pathEnd: Int) throws(Refusal) {
        let target = head.target
        let colon = colonOfScheme(base, target, pathEnd: pathEnd)
        guard let colon, colon + 3 <= pathEnd, base.byte(colon + 1) == .slash, base.byte(colon + 2) == .slash else {
            throw .bad(.badTarget, "the request target is neither a path nor an http URI")
        }
        let authorityStart = colon + 3
        var authorityEnd = authorityStart
        while authorityEnd < pathEnd, base.byte(authorityEnd) != .slash { authorityEnd += 1 }
        let authority = ByteSpan(start: authorityStart, count: authorityEnd - authorityStart)
        guard Authority.isValid(UnsafeRawBufferPointer(start: base + authority.start, count: authority.count)) else {
            throw .bad(.badTarget, "the request target's host is not a name or address with an optional port")
        }
        head.authority = authority
        notes.targetHasAuthority = true
        head.path =
            authorityEnd < pathEnd
            ? ByteSpan(start: authorityEnd, count: pathEnd - authorityEnd)
            : ByteSpan(start: colon + 1, count: 1)  // an empty path is "/": the scheme's own slash stands for it
    }

    /// The offset of the colon after `http` or `https` at the target's start, or nil.
    private func colonOfScheme(_ base: UnsafeRawPointer, _ target: ByteSpan, pathEnd: Int) -> Int? {
        for (length, scheme) in [(4, "http" as StaticString), (5, "https")] {
            let colon = target.start + length
            if colon < pathEnd, base.byte(colon) == .colon,
                ByteScan.matches(base + target.start, count: length, scheme)
            {
                return colon
            }
        }
        return nil
    }
}
