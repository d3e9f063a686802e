internal import CPython

extension ResponseHead {
    /// Takes what the application gave.
    ///
    /// What is hop-by-hop is the server's: it is left out, and its name is in ``leftOut``.
    ///
    /// Needs the GIL.
    ///
    /// - Throws: ``ApplicationMistake`` when PEP 3333 or RFC 9110 does not allow it. Then the head is unusable.
    mutating func set(status text: PythonObject, fields: PythonObject) throws(ApplicationMistake) {
        count = Self.fixedBytes
        contentLength = nil
        if !leftOut.isEmpty { leftOut = [] }
        let reasonLength = try appendStatus(text)
        let fieldCount = PyList_Size(fields)
        guard fieldCount >= 0 else {
            PyErr_Clear()
            throw ApplicationMistake(.type, "\(source): the headers must be a list")
        }
        guard fieldCount <= Int(UInt16.max) else {
            throw ApplicationMistake(.value, "\(source): \(fieldCount) headers are too many")
        }
        for index in 0..<fieldCount {
            guard let pair = PyList_GetItem(fields, index), PyTuple_Size(pair) == 2,
                let name = PyTuple_GetItem(pair, 0), let value = PyTuple_GetItem(pair, 1)
            else {
                PyErr_Clear()
                throw ApplicationMistake(
                    .type,
                    "\(source): header \(index) must be a tuple of name and value"
                )
            }
            try appendField(name, value)
        }
        storeCounts(reasonLength: reasonLength, fields: fieldCount - leftOut.count)
    }

    private mutating func appendStatus(_ text: PythonObject) throws(ApplicationMistake) -> Int {
        let start = count
        // The code goes where the reason will be, and is taken away again: one way for all text.
        let length = try appendText(text, "status")
        let line = UnsafeRawBufferPointer(start: base + start, count: length)
        var code: UInt16 = 0
        for byte in line.prefix(3) where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") {
            code = code * 10 + UInt16(byte - UInt8(ascii: "0"))
        }
        guard length >= 4, line[3] == UInt8(ascii: " "), code >= 100,
            line.prefix(3).allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
        else {
            throw ApplicationMistake(
                .value,
                "\(source): the status must be like '200 OK', not '\(String(decoding: line, as: UTF8.self))'"
            )
        }
        guard code >= 200 else {
            throw ApplicationMistake(
                .value,
                "\(source): \(code) is no final status; the server sends those below 200"
            )
        }
        guard code <= 599 else {
            throw ApplicationMistake(.value, "\(source): \(code) is no HTTP status; they end at 599")
        }
        guard length <= Int(UInt16.max) else { throw tooLarge }
        guard line.allSatisfy({ ByteTable.classes[Int($0)] & ByteTable.value != 0 }) else {
            throw ApplicationMistake(
                .value,
                "\(source): the status must not hold control characters"
            )
        }
        status = code
        (base + start).copyMemory(from: base + start + 4, byteCount: length - 4)
        count = start + length - 4
        return length - 4
    }

    private mutating func appendField(_ name: PythonObject, _ value: PythonObject) throws(ApplicationMistake) {
        let place = count
        guard skip(8) else { throw tooLarge }
        let nameLength = try appendText(name, "header name")
        let nameBytes = UnsafeRawBufferPointer(start: base + place + 8, count: nameLength)
        guard nameLength > 0, nameLength <= Int(UInt16.max),
            nameBytes.allSatisfy({ ByteTable.classes[Int($0)] & ByteTable.token != 0 })
        else {
            throw ApplicationMistake(
                .value,
                "\(source): '\(String(decoding: nameBytes, as: UTF8.self))' is no header name"
            )
        }
        let valueLength = try appendText(value, "header value")
        let valueBytes = UnsafeRawBufferPointer(start: base + place + 8 + nameLength, count: valueLength)
        guard valueBytes.allSatisfy({ ByteTable.classes[Int($0)] & ByteTable.value != 0 }) else {
            throw ApplicationMistake(
                .value,
                "\(source): the value of '\(String(decoding: nameBytes, as: UTF8.self))' "
                    + "must not hold control characters such as line breaks"
            )
        }
        storeLengths(name: nameLength, value: valueLength, at: place)
        switch HeadField(nameBytes) {
        case .hopByHop:
            leftOut.append(String(decoding: nameBytes, as: UTF8.self))
            count = place
        case .contentLength:
            try takeContentLength(valueBytes)
        case .other: break
        }
    }

    /// Appends a `str` as Latin-1 and returns its length.
    private mutating func appendText(_ text: PythonObject, _ what: StaticString) throws(ApplicationMistake) -> Int {
        var length = 0
        guard let utf8 = PyUnicode_AsUTF8AndSize(text, &length) else {
            let isText = PyErr_ExceptionMatches(roost_type_error()) == 0
            PyErr_Clear()
            throw ApplicationMistake(
                isText ? .value : .type,
                isText
                    ? "\(source): the \(what) holds characters that are not Latin-1"
                    : "\(source): the \(what) must be a str"
            )
        }
        let bytes = UnsafeRawBufferPointer(start: utf8, count: length)
        if bytes.allSatisfy({ $0 < 0x80 }) {
            guard append(bytes) else { throw tooLarge }
            return length
        }
        guard let encoded = PyUnicode_AsLatin1String(text) else {
            PyErr_Clear()
            throw ApplicationMistake(
                .value,
                "\(source): the \(what) holds characters that are not Latin-1"
            )
        }
        defer { Py_DecRef(encoded) }
        var start: UnsafeMutablePointer<CChar>?
        guard PyBytes_AsStringAndSize(encoded, &start, &length) == 0,
            append(UnsafeRawBufferPointer(start: start, count: length))
        else { throw tooLarge }
        return length
    }
}
