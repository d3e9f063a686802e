/// One element of a Forwarded field: what one proxy says (RFC 7239 4).
///
///     Forwarded         = 1#( [ pair ] *( ";" [ pair ] ) )
///     pair              = token "=" ( token / quoted-string )
///
/// Its values lie in the field's own bytes, so a quoted string with a backslash is refused; no value needs one. A token
/// may hold colons and brackets here: proxies write addresses without the quotes that the grammar wants.
struct ForwardedElement {
    var node: UnsafeRawBufferPointer?
    var proto: UnsafeRawBufferPointer?
    var host: UnsafeRawBufferPointer?

    /// Reads a field's elements, and appends them.
    ///
    /// - Throws: a refusal with 400 where the value does not follow the grammar or a parameter is repeated.
    static func append(
        from value: UnsafeRawBufferPointer,
        to elements: inout [ForwardedElement],
    ) throws(Refusal) {
        var element = ForwardedElement()
        var cursor = 0
        func skipSpace() {
            while cursor < value.count, value[cursor].isSpaceOrTab { cursor += 1 }
        }
        while true {
            skipSpace()
            if cursor < value.count, ByteClass.isToken(value[cursor]) {
                let nameStart = cursor
                while cursor < value.count, ByteClass.isToken(value[cursor]) { cursor += 1 }
                let name = value[nameStart..<cursor]
                guard cursor < value.count, value[cursor] == .equals else { throw .badForwarded }
                cursor += 1
                let text = try parameterValue(value, &cursor)
                try element.take(UnsafeRawBufferPointer(rebasing: name), text)
                skipSpace()
            }
            guard cursor < value.count else { break }
            switch value[cursor] {
            case .semicolon:
                break
            case .comma:
                elements.append(element)
                element = ForwardedElement()
            default:
                throw .badForwarded
            }
            cursor += 1
        }
        elements.append(element)
    }

    private static func parameterValue(
        _ value: UnsafeRawBufferPointer,
        _ cursor: inout Int,
    ) throws(Refusal) -> UnsafeRawBufferPointer {
        var start = cursor
        if cursor < value.count, value[cursor] == .quote {
            start += 1
            cursor += 1
            while cursor < value.count, value[cursor] != .quote {
                guard value[cursor] != .backslash else { throw .badForwarded }
                cursor += 1
            }
            guard cursor < value.count else { throw .badForwarded }
            cursor += 1
            return UnsafeRawBufferPointer(rebasing: value[start..<(cursor - 1)])
        }
        while cursor < value.count {
            let byte = value[cursor]
            let fits = ByteClass.isToken(byte) || byte == .colon || byte == .leftBracket || byte == .rightBracket
            guard fits else { break }
            cursor += 1
        }
        guard cursor > start else { throw .badForwarded }
        return UnsafeRawBufferPointer(rebasing: value[start..<cursor])
    }

    private mutating func take(_ name: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer) throws(Refusal) {
        guard let base = name.baseAddress else { return }
        if ByteScan.matches(base, count: name.count, "for") {
            guard node == nil else { throw .badForwarded }
            node = text
        } else if ByteScan.matches(base, count: name.count, "proto") {
            guard proto == nil else { throw .badForwarded }
            proto = text
        } else if ByteScan.matches(base, count: name.count, "host") {
            guard host == nil else { throw .badForwarded }
            host = text
        }
    }
}

extension Refusal {
    fileprivate static var badForwarded: Refusal {
        .bad(.badForwarding, "the Forwarded field is malformed")
    }
}
