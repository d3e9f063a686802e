internal import CPython
internal import WorkerLink

/// What is wrong with what an application said, as the Python error it gets.
struct ApplicationMistake: Error {
    /// The class of the Python error.
    enum Kind {
        case type, value, assertion, runtime
    }

    let kind: Kind
    /// What happened, with which value.
    let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// Sets the Python error.
    ///
    /// Needs the GIL.
    func raise() {
        let type =
            switch kind {
            case .type: roost_type_error()
            case .value: roost_value_error()
            case .assertion: roost_assertion_error()
            case .runtime: roost_runtime_error()
            }
        PyErr_SetString(type, message)
    }
}

/// The head that `start_response` gave, checked and in its wire form (see ``ResponseEnvelope``).
///
/// Owned by one lane.
struct ResponseHead: ~Copyable {
    /// The head's bytes.
    private(set) var count = 0
    /// The status code.
    private(set) var status: UInt16 = 0
    /// What the application's Content-Length says.
    private(set) var contentLength: UInt64?
    private let base: UnsafeMutableRawPointer
    private let capacity: Int

    /// Creates room for heads of at most `capacity` bytes.
    init(capacity: Int) {
        self.capacity = capacity
        base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
    }

    /// The wire form.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Whether no body may follow, whatever the application returns: RFC 9110 §15.3.5, §15.4.5.
    var forbidsBody: Bool { status == 204 || status == 304 }

    /// Makes the head of an answer of ours: plain text, never stored.
    ///
    /// Needs no GIL.
    mutating func makePlain(status: UInt16, reason: StaticString) {
        count = 8
        self.status = status
        contentLength = nil
        _ = append(UnsafeRawBufferPointer(start: reason.utf8Start, count: reason.utf8CodeUnitCount))
        appendPlainField("Content-Type", "text/plain; charset=utf-8")
        appendPlainField("Cache-Control", "no-store")
        storeCounts(reasonLength: reason.utf8CodeUnitCount, fields: 2)
    }

    /// Takes what the application gave.
    ///
    /// Needs the GIL.
    ///
    /// - Throws: ``ApplicationMistake`` when PEP 3333 or RFC 9110 does not allow it. Then the head is unusable.
    mutating func set(status text: PythonObject, fields: PythonObject) throws(ApplicationMistake) {
        count = 8
        contentLength = nil
        let reasonLength = try appendStatus(text)
        let fieldCount = PyList_Size(fields)
        guard fieldCount >= 0 else {
            PyErr_Clear()
            throw ApplicationMistake(.type, "start_response: the headers must be a list")
        }
        guard fieldCount <= Int(UInt16.max) else {
            throw ApplicationMistake(.value, "start_response: \(fieldCount) headers are too many")
        }
        for index in 0..<fieldCount {
            guard let pair = PyList_GetItem(fields, index), PyTuple_Size(pair) == 2,
                let name = PyTuple_GetItem(pair, 0), let value = PyTuple_GetItem(pair, 1)
            else {
                PyErr_Clear()
                throw ApplicationMistake(
                    .type,
                    "start_response: header \(index) must be a tuple of name and value"
                )
            }
            try appendField(name, value)
        }
        storeCounts(reasonLength: reasonLength, fields: fieldCount)
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
                "start_response: the status must be like '200 OK', not '\(String(decoding: line, as: UTF8.self))'"
            )
        }
        guard code >= 200 else {
            throw ApplicationMistake(
                .value,
                "start_response: \(code) is no final status; the server sends those below 200"
            )
        }
        guard line.allSatisfy({ ByteTable.classes[Int($0)] & ByteTable.value != 0 }) else {
            throw ApplicationMistake(
                .value,
                "start_response: the status must not hold control characters"
            )
        }
        status = code
        (base + start).copyMemory(from: base + start + 4, byteCount: length - 4)
        count = start + length - 4
        return length - 4
    }

    private mutating func appendField(_ name: PythonObject, _ value: PythonObject) throws(ApplicationMistake) {
        let place = count
        guard count + 8 <= capacity else { throw tooLarge }
        count += 8
        let nameLength = try appendText(name, "header name")
        let nameBytes = UnsafeRawBufferPointer(start: base + place + 8, count: nameLength)
        guard nameLength > 0, nameLength <= Int(UInt16.max),
            nameBytes.allSatisfy({ ByteTable.classes[Int($0)] & ByteTable.token != 0 })
        else {
            throw ApplicationMistake(
                .value,
                "start_response: '\(String(decoding: nameBytes, as: UTF8.self))' is no header name"
            )
        }
        let valueLength = try appendText(value, "header value")
        let valueBytes = UnsafeRawBufferPointer(start: base + place + 8 + nameLength, count: valueLength)
        guard valueBytes.allSatisfy({ ByteTable.classes[Int($0)] & ByteTable.value != 0 }) else {
            throw ApplicationMistake(
                .value,
                "start_response: the value of '\(String(decoding: nameBytes, as: UTF8.self))' "
                    + "must not hold control characters such as line breaks"
            )
        }
        base.storeBytes(of: UInt16(truncatingIfNeeded: nameLength), toByteOffset: place, as: UInt16.self)
        base.storeBytes(of: 0, toByteOffset: place + 2, as: UInt16.self)
        base.storeBytes(of: UInt32(truncatingIfNeeded: valueLength), toByteOffset: place + 4, as: UInt32.self)
        switch HeadField(nameBytes) {
        case .hopByHop:
            throw ApplicationMistake(
                .value,
                "start_response: '\(String(decoding: nameBytes, as: UTF8.self))' is hop-by-hop: "
                    + "it belongs to the server (PEP 3333, RFC 9110 section 7.6.1)"
            )
        case .contentLength:
            contentLength = try length(of: valueBytes)
        case .other: break
        }
    }

    private func length(of value: UnsafeRawBufferPointer) throws(ApplicationMistake) -> UInt64 {
        var number: UInt64 = 0
        let isNumber =
            !value.isEmpty && value.count <= 18
            && value.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard isNumber, contentLength == nil else {
            throw ApplicationMistake(
                .value,
                "start_response: Content-Length must be one number in decimal digits"
            )
        }
        for byte in value { number = number * 10 + UInt64(byte - UInt8(ascii: "0")) }
        return number
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
                    ? "start_response: the \(what) holds characters that are not Latin-1"
                    : "start_response: the \(what) must be a str"
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
                "start_response: the \(what) holds characters that are not Latin-1"
            )
        }
        defer { Py_DecRef(encoded) }
        var start: UnsafeMutablePointer<CChar>?
        guard PyBytes_AsStringAndSize(encoded, &start, &length) == 0,
            append(UnsafeRawBufferPointer(start: start, count: length))
        else { throw tooLarge }
        return length
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= capacity - count else { return false }
        if let source = bytes.baseAddress { (base + count).copyMemory(from: source, byteCount: bytes.count) }
        count += bytes.count
        return true
    }

    private mutating func appendPlainField(_ name: StaticString, _ value: StaticString) {
        base.storeBytes(of: UInt16(name.utf8CodeUnitCount), toByteOffset: count, as: UInt16.self)
        base.storeBytes(of: 0, toByteOffset: count + 2, as: UInt16.self)
        base.storeBytes(of: UInt32(value.utf8CodeUnitCount), toByteOffset: count + 4, as: UInt32.self)
        count += 8
        _ = append(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        _ = append(UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }

    private func storeCounts(reasonLength: Int, fields: Int) {
        base.storeBytes(of: status, toByteOffset: 0, as: UInt16.self)
        base.storeBytes(of: UInt16(truncatingIfNeeded: reasonLength), toByteOffset: 2, as: UInt16.self)
        base.storeBytes(of: UInt16(truncatingIfNeeded: fields), toByteOffset: 4, as: UInt16.self)
        base.storeBytes(of: 0, toByteOffset: 6, as: UInt16.self)
    }

    private var tooLarge: ApplicationMistake {
        ApplicationMistake(.value, "start_response: the head is longer than \(capacity) bytes")
    }
}

/// What a field of a response is to the server.
private enum HeadField {
    case other, contentLength, hopByHop

    /// Looks at the length first: most names are done then.
    init(_ name: UnsafeRawBufferPointer) {
        func isName(_ wanted: StaticString) -> Bool {
            for index in 0..<name.count where name[index] | 0x20 != wanted.utf8Start[index] { return false }
            return true
        }
        switch name.count {
        case 2: self = isName("te") ? .hopByHop : .other
        case 7: self = isName("upgrade") || isName("trailer") ? .hopByHop : .other
        case 8: self = isName("trailers") ? .hopByHop : .other
        case 10: self = isName("connection") || isName("keep-alive") ? .hopByHop : .other
        case 14: self = isName("content-length") ? .contentLength : .other
        case 16: self = isName("proxy-connection") ? .hopByHop : .other
        case 17: self = isName("transfer-encoding") ? .hopByHop : .other
        case 18: self = isName("proxy-authenticate") ? .hopByHop : .other
        case 19: self = isName("proxy-authorization") ? .hopByHop : .other
        default: self = .other
        }
    }
}
