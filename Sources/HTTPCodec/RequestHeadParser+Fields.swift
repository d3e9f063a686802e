extension RequestHeadParser {
    /// Scans `field-name ":" OWS field-value OWS CRLF` (RFC 9112 5) until the empty line.
    ///
    /// - Returns: whether the empty line has come; `cursor` is then after it.
    @inline(__always)
    mutating func scanFields(_ base: UnsafeRawPointer, _ end: Int) throws(Refusal) -> Bool {
        let table = ByteClass.table
        var cursor = self.cursor
        var start = elementStart
        var nameEnd = self.nameEnd
        var classes = nameClasses
        var phase = self.phase
        // The state is written back where the bytes end; nowhere else does the next call need it.
        defer {
            self.cursor = cursor
            elementStart = start
            self.nameEnd = nameEnd
            nameClasses = classes
            self.phase = phase
        }

        while true {
            if phase == .fieldStart {
                guard cursor < end else { return false }
                let byte = base.byte(cursor)
                if byte == .carriageReturn {
                    guard cursor &+ 1 < end else { return false }
                    guard base.byte(cursor &+ 1) == .lineFeed else { throw .bareLineEnd }
                    cursor &+= 2
                    return true
                }
                guard head.fields.count < limits.fieldCount else {
                    throw Refusal(status: 431, cause: .tooManyFields, message: "the request has too many fields")
                }
                start = cursor
                classes = 0
                phase = .fieldName
            }

            if phase == .fieldName {
                while cursor < end {
                    let bits = table[Int(base.byte(cursor))]
                    guard bits & ByteClass.token != 0 else { break }
                    classes |= bits
                    cursor &+= 1
                }
                guard cursor < end else { return false }
                guard base.byte(cursor) == .colon, cursor > start else {
                    throw Self.badName(endingIn: base.byte(cursor), isEmpty: cursor == start)
                }
                nameEnd = cursor
                cursor &+= 1
                phase = .value
            }

            while true {
                cursor = ByteScan.firstControl(in: base, from: cursor, to: end)
                guard cursor < end else { return false }
                guard base.byte(cursor) == .tab else { break }
                cursor &+= 1
            }
            guard base.byte(cursor) == .carriageReturn else { throw Self.badValue(base.byte(cursor)) }
            guard cursor &+ 1 < end else { return false }
            guard base.byte(cursor &+ 1) == .lineFeed else { throw .bareLineEnd }

            var valueStart = nameEnd &+ 1
            var valueEnd = cursor
            while valueStart < valueEnd, base.byte(valueStart).isSpaceOrTab { valueStart &+= 1 }
            while valueEnd > valueStart, base.byte(valueEnd &- 1).isSpaceOrTab { valueEnd &-= 1 }
            let field = Field(
                name: ByteSpan(start: start, count: nameEnd &- start),
                value: ByteSpan(start: valueStart, count: valueEnd &- valueStart),
                known: FieldName.recognized(base + start, count: nameEnd &- start),
                hasUnderscore: classes & ByteClass.underscore != 0,
            )
            head.fields.append(field)
            try note(field, base)
            cursor &+= 2
            phase = .fieldStart
        }
    }

    private static func badName(endingIn byte: UInt8, isEmpty: Bool) -> Refusal {
        switch (byte, isEmpty) {
        case (.space, true), (.tab, true):
            .bad(.foldedField, "a field line begins with a space or tab")
        case (.space, false), (.tab, false):
            .bad(.badFieldName, "a field name is followed by a space or tab")
        case (.colon, true):
            .bad(.badFieldName, "a field has no name")
        case (.lineFeed, _):
            .bareLineEnd
        case (.carriageReturn, _):
            .bad(.badFieldName, "a field line has no colon")
        default:
            .bad(.badFieldName, "a field name holds a byte that is not allowed there")
        }
    }

    private static func badValue(_ byte: UInt8) -> Refusal {
        byte == .lineFeed ? .bareLineEnd : .bad(.badFieldValue, "a field value holds a control character")
    }
}
