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
        count = Self.fixedBytes
        contentLength = nil
        self.status = status
        let reason = StatusReason.text(of: status)
        _ = append(UnsafeRawBufferPointer(start: reason.utf8Start, count: reason.utf8CodeUnitCount))
        var fields = try appendFields(headers, areTrailers: false)
        if let subprotocol {
            let name: StaticString = "sec-websocket-protocol"
            let bytes = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
            if try appendField(bytes, subprotocol) { fields += 1 }
        }
        storeCounts(reasonLength: reason.utf8CodeUnitCount, fields: fields)
    }

    /// Takes trailer fields: the `headers` of their message, nil for none.
    ///
    /// Needs the GIL.
    ///
    /// - Throws: ``ApplicationMistake`` when RFC 9110 does not allow one of them there. Then what is here is unusable.
    mutating func setTrailers(_ headers: PythonObject?) throws(ApplicationMistake) {
        count = 0
        _ = try appendFields(headers, areTrailers: true)
    }

    /// - Returns: How many were not left out.
    private mutating func appendFields(
        _ headers: PythonObject?,
        areTrailers: Bool
    ) throws(ApplicationMistake) -> Int {
        guard let headers, headers != roost_none() else { return 0 }
        guard let list = PlainSequence(headers) else {
            throw ApplicationMistake(.type, "\(source): the headers must be a list of pairs of name and value")
        }
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
