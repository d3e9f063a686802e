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

/// The head that an application gave, checked and in its wire form (see ``ResponseEnvelope``).
///
/// Owned by one lane.
struct ResponseHead: ~Copyable {
    /// Bytes of status and counts, before the reason.
    static let fixedBytes = 8

    /// The head's bytes.
    var count = 0
    /// The status code.
    var status: UInt16 = 0
    /// What the application's Content-Length says.
    var contentLength: UInt64?
    /// The names of the fields that were left out, because they belong to the server.
    var leftOut: [String] = []
    let base: UnsafeMutableRawPointer
    /// What the application called or sent, as its errors name it.
    var source: String
    private let capacity: Int

    /// Creates room for heads of at most `capacity` bytes.
    ///
    /// `source` is what errors begin with.
    init(capacity: Int, source: String) {
        self.capacity = capacity
        self.source = source
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
        count = Self.fixedBytes
        self.status = status
        contentLength = nil
        _ = append(UnsafeRawBufferPointer(start: reason.utf8Start, count: reason.utf8CodeUnitCount))
        appendPlainField("Content-Type", "text/plain; charset=utf-8")
        appendPlainField("Cache-Control", "no-store")
        storeCounts(reasonLength: reason.utf8CodeUnitCount, fields: 2)
    }

    /// Takes what stands as Content-Length in a field that was just appended.
    mutating func takeContentLength(_ value: UnsafeRawBufferPointer) throws(ApplicationMistake) {
        contentLength = try length(of: value)
    }

    private func length(of value: UnsafeRawBufferPointer) throws(ApplicationMistake) -> UInt64 {
        var number: UInt64 = 0
        let isNumber =
            !value.isEmpty && value.count <= 18
            && value.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard isNumber, contentLength == nil else {
            throw ApplicationMistake(
                .value,
                "\(source): Content-Length must be one number in decimal digits"
            )
        }
        for byte in value { number = number * 10 + UInt64(byte - UInt8(ascii: "0")) }
        return number
    }

    /// Appends bytes of a status or field.
    ///
    /// Returns false when there is no room.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= capacity - count else { return false }
        if let source = bytes.baseAddress { (base + count).copyMemory(from: source, byteCount: bytes.count) }
        count += bytes.count
        return true
    }

    private mutating func appendPlainField(_ name: StaticString, _ value: StaticString) {
        storeLengths(name: name.utf8CodeUnitCount, value: value.utf8CodeUnitCount, at: count)
        count += Self.fixedBytes
        _ = append(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        _ = append(UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }

    /// Leaves `bytes` free, to be filled later.
    ///
    /// Returns false when there is no room.
    mutating func skip(_ bytes: Int) -> Bool {
        guard bytes <= capacity - count else { return false }
        count += bytes
        return true
    }

    /// Stores what stands before a field at `place`.
    @inline(__always)
    func storeLengths(name: Int, value: Int, at place: Int) {
        base.storeBytes(of: UInt16(truncatingIfNeeded: name), toByteOffset: place, as: UInt16.self)
        base.storeBytes(of: 0, toByteOffset: place + 2, as: UInt16.self)
        base.storeBytes(of: UInt32(truncatingIfNeeded: value), toByteOffset: place + 4, as: UInt32.self)
    }

    /// Completes the head.
    func storeCounts(reasonLength: Int, fields: Int) {
        base.storeBytes(of: status, toByteOffset: 0, as: UInt16.self)
        base.storeBytes(of: UInt16(truncatingIfNeeded: reasonLength), toByteOffset: 2, as: UInt16.self)
        base.storeBytes(of: UInt16(truncatingIfNeeded: fields), toByteOffset: 4, as: UInt16.self)
        base.storeBytes(of: 0, toByteOffset: 6, as: UInt16.self)
    }

    /// What is wrong when there is no room.
    var tooLarge: ApplicationMistake {
        ApplicationMistake(.value, "\(source): the headers are longer than \(capacity) bytes")
    }
}

/// What a field of a response is to the server.
enum HeadField {
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
