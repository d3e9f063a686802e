internal import CPython
internal import WorkerLink

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
        guard let headers, headers != roost_none() else {
            begin(status)
            return try end(fields: 0, subprotocol)
        }
        // First: to iterate over it may run code of the application, even that of other requests.
        guard let list = PlainSequence(ofSequences: headers) else {
            throw ApplicationMistake(.type, "\(source): the headers must be a list of pairs of name and value")
        }
        begin(status)
        try end(fields: try appendFields(list, areTrailers: false), subprotocol)
    }

    private mutating func begin(_ status: UInt16) {
        count = Self.fixedBytes
        contentLength = nil
        self.status = status
        let reason = StatusReason.text(of: status)
        _ = append(UnsafeRawBufferPointer(start: reason.utf8Start, count: reason.utf8CodeUnitCount))
    }

    private mutating func end(
        fields: Int,
        _ subprotocol: UnsafeRawBufferPointer?
    ) throws(ApplicationMistake) {
        var fields = fields
        if let subprotocol {
            let name: StaticString = "sec-websocket-protocol"
            let bytes = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
            if try appendField(bytes, subprotocol) { fields += 1 }
        }
        storeCounts(reasonLength: StatusReason.text(of: status).utf8CodeUnitCount, fields: fields)
    }

    /// Takes trailer fields: the `headers` of their message, nil for none.
    ///
    /// Needs the GIL.
    ///
    /// - Throws: ``ApplicationMistake`` when RFC 9110 does not allow one of them there. Then what is here is unusable.
    mutating func setTrailers(_ headers: PythonObject?) throws(ApplicationMistake) {
        guard let headers, headers != roost_none() else {
            count = 0
            return
        }
        // First, as above.
        guard let list = PlainSequence(ofSequences: headers) else {
            throw ApplicationMistake(.type, "\(source): the headers must be a list of pairs of name and value")
        }
        count = 0
        _ = try appendFields(list, areTrailers: true)
    }

    /// - Returns: How many were not left out.
    private mutating func appendFields(
        _ list: borrowing PlainSequence,
        areTrailers: Bool
    ) throws(ApplicationMistake) -> Int {
        guard list.count < Int(UInt16.max) else {
            throw ApplicationMistake(.value, "\(source): \(list.count) headers are too many")
        }
        var fields = 0
        for index in 0..<list.count {
            guard let item = list[index], let pair = PlainSequence(item), pair.count == 2,
                let name = pair[0].flatMap(PythonBytes.view), let value = pair[1].flatMap(PythonBytes.view)
            else {
                throw ApplicationMistake(
                    .type,
                    "\(source): header \(index) must be a pair of name and value, both bytes"
                )
            }
            guard !areTrailers || !TrailerEnvelope.forbids(name) else {
                throw ApplicationMistake(
                    .value,
                    "\(source): '\(String(decoding: name, as: UTF8.self))' may not come behind the body"
                )
            }
            if try appendField(name, value) { fields += 1 }
        }
        return fields
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
