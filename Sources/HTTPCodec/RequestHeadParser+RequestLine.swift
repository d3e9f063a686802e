extension RequestHeadParser {
    /// Scans `method SP request-target SP HTTP-version CRLF` (RFC 9112 3), nothing more lenient.
    ///
    /// - Returns: whether the line has ended; `cursor` is then at the first field.
    mutating func scanRequestLine(_ base: UnsafeRawPointer, _ end: Int) throws(Refusal) -> Bool {
        if phase == .leadingLines {
            guard try skipLeadingLines(base, end) else { return false }
            elementStart = cursor
            phase = .method
        }
        if phase == .method {
            guard try scanMethod(base, end) else { return false }
            elementStart = cursor
            phase = .target
        }
        if phase == .target {
            guard try scanTarget(base, end) else { return false }
            phase = .version
        }
        guard try scanVersion(base, end) else { return false }
        try judgeTarget(base)  // only now, so that "PRI * HTTP/2.0" is told what is wrong with it
        phase = .fieldStart
        return true
    }

    private mutating func skipLeadingLines(_ base: UnsafeRawPointer, _ end: Int) throws(Refusal) -> Bool {
        while cursor < end {
            guard base.byte(cursor) == .carriageReturn else {
                if base.byte(cursor) == .lineFeed { throw .bareLineEnd }
                return true
            }
            guard cursor + 1 < end else { return false }
            guard base.byte(cursor + 1) == .lineFeed else { throw .bareLineEnd }
            guard leadingLines < Self.mostLeadingLines else {
                throw .bad(.badRequestLine, "there are too many empty lines before the request line")
            }
            leadingLines += 1
            cursor += 2
        }
        return false
    }

    private mutating func scanMethod(_ base: UnsafeRawPointer, _ end: Int) throws(Refusal) -> Bool {
        while cursor < end {
            let byte = base.byte(cursor)
            guard ByteClass.isToken(byte) else {
                guard byte == .space, cursor > elementStart else {
                    throw .bad(.badMethod, "the method is not a token followed by one space")
                }
                head.method = ByteSpan(start: elementStart, count: cursor - elementStart)
                head.isHEAD = ByteScan.equals(base + elementStart, count: cursor - elementStart, "HEAD")
                cursor += 1
                return true
            }
            guard cursor - elementStart < Self.longestMethod else {
                throw Refusal(status: 501, cause: .unsupportedMethod, message: "the method is too long")
            }
            cursor += 1
        }
        return false
    }

    /// Scans a target byte by byte: visible ASCII but `#`, and bytes from 0x80.
    ///
    /// RFC 3986 wants the latter percent-encoded, and browsers do; curl and wget send them raw, nginx and gunicorn
    /// take them, and no two parsers disagree on where such a target ends.
    private mutating func scanTarget(_ base: UnsafeRawPointer, _ end: Int) throws(Refusal) -> Bool {
        let longest = elementStart + limits.targetBytes
        let table = ByteClass.table
        var cursor = self.cursor
        while cursor < end {
            let byte = base.byte(cursor)
            if table[Int(byte)] & ByteClass.target == 0 {
                if byte == .space { break }
                guard byte == .questionMark else { throw badTargetByte(byte) }
                if !head.hasQuery {
                    head.hasQuery = true
                    head.query = ByteSpan(start: cursor + 1, count: 0)
                }
            }
            guard cursor < longest else {
                throw Refusal(status: 414, cause: .targetTooLong, message: "the request target is too long")
            }
            cursor += 1
        }
        self.cursor = cursor
        guard cursor < end else { return false }
        head.target = ByteSpan(start: elementStart, count: cursor - elementStart)
        self.cursor = cursor + 1
        return true
    }

    private func badTargetByte(_ byte: UInt8) -> Refusal {
        switch byte {
        case .numberSign:
            .bad(.badTarget, "the request target holds a fragment")
        case .carriageReturn, .lineFeed:
            .bad(.badRequestLine, "the request line has no HTTP version")
        default:
            .bad(.badTarget, "the request target holds a byte that is not allowed there")
        }
    }

    /// Scans `HTTP/d.d CRLF`, from `cursor`, which stays in place until the line has ended.
    ///
    /// What has come of it is looked at each time: at most ten bytes, so the work stays bounded.
    private mutating func scanVersion(_ base: UnsafeRawPointer, _ end: Int) throws(Refusal) -> Bool {
        let pattern: StaticString = "HTTP/d.d\r\n"
        let available = min(end - cursor, 10)
        for index in 0..<available {
            let byte = base.byte(cursor + index)
            let expected = pattern.utf8Start[index]
            let fits = index == 5 || index == 7 ? byte.decimalValue != nil : byte == expected
            guard fits else {
                throw .bad(.badRequestLine, "the request line does not end in a space, HTTP/1.1, CR and LF")
            }
        }
        guard available == 10 else { return false }
        guard base.byte(cursor + 5) == .zero + 1 else {
            throw Refusal(
                status: 505,
                cause: .unsupportedVersion,
                message: "the HTTP version is neither 1.0 nor 1.1",
            )
        }
        head.minorVersion = base.byte(cursor + 7) == .zero ? 0 : 1
        cursor += 10
        return true
    }
}

extension Refusal {
    static var bareLineEnd: Refusal {
        .bad(.bareLineEnd, "a line does not end in CR and LF")
    }
}
