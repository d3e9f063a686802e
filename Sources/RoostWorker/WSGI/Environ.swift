internal import CPython
internal import WorkerLink

/// Builds the environ of a request (PEP 3333, "environ Variables"; RFC 3875 §4.1).
///
/// Owned by one lane.
///
/// In two steps: ``prepare(_:)`` finds the field names without the GIL, ``make(_:input:)`` makes the objects with it.
struct Environ: ~Copyable {
    private struct Field {
        /// Of the entry in `keys`, or -1 for a name without one.
        var index: Int
        var name: UnsafeRawBufferPointer
        var value: UnsafeRawBufferPointer
    }

    private struct Keys {
        let method, path, query, requestURI, rawURI, serverName, serverPort, protocolName: PythonObject
        let remoteAddress, remotePort, requestID, urlScheme, input, contentLength: PythonObject

        init?() {
            guard let method = PythonText.interned("REQUEST_METHOD"), let path = PythonText.interned("PATH_INFO"),
                let query = PythonText.interned("QUERY_STRING"),
                let requestURI = PythonText.interned("REQUEST_URI"), let rawURI = PythonText.interned("RAW_URI"),
                let serverName = PythonText.interned("SERVER_NAME"),
                let serverPort = PythonText.interned("SERVER_PORT"),
                let protocolName = PythonText.interned("SERVER_PROTOCOL"),
                let remoteAddress = PythonText.interned("REMOTE_ADDR"),
                let remotePort = PythonText.interned("REMOTE_PORT"),
                let requestID = PythonText.interned("roost.request_id"),
                let urlScheme = PythonText.interned("wsgi.url_scheme"),
                let input = PythonText.interned("wsgi.input"),
                let contentLength = PythonText.interned("CONTENT_LENGTH")
            else { return nil }
            self.method = method
            self.path = path
            self.query = query
            self.requestURI = requestURI
            self.rawURI = rawURI
            self.serverName = serverName
            self.serverPort = serverPort
            self.protocolName = protocolName
            self.remoteAddress = remoteAddress
            self.remotePort = remotePort
            self.requestID = requestID
            self.urlScheme = urlScheme
            self.input = input
            self.contentLength = contentLength
        }
    }

    private let keys: Keys
    private let template: PythonObject
    private let rootPath: RootPath
    private let http10: PythonObject
    private let https: PythonObject
    private let comma: PythonObject
    private let semicolon: PythonObject

    private var fieldKeys = FieldKeys()
    private var fields: [Field] = []
    private var serial: UInt64 = 0
    private var hasContentLength = false
    private var scratch = UnsafeMutableRawPointer.allocate(byteCount: 1024, alignment: 8)
    private var scratchBytes = 1024

    // The same in nearly every request: they stand in the template, which is changed when they change.
    private var method = RememberedText()
    private var host = RememberedText()
    private var port = RememberedText()
    private var clientAddress = RememberedText()

    /// Creates a builder that copies the template, which it owns and changes.
    ///
    /// Returns nil with a Python error set.
    init?(glue: Glue) {
        guard let keys = Keys(), let http10 = PythonText.interned("HTTP/1.0"),
            let https = PythonText.interned("https"), let comma = PythonText.interned(","),
            let semicolon = PythonText.interned("; ")
        else { return nil }
        self.keys = keys
        template = glue.template
        rootPath = glue.rootPath
        self.http10 = http10
        self.https = https
        self.comma = comma
        self.semicolon = semicolon
        fields.reserveCapacity(64)
    }

    /// Finds the request's field names.
    ///
    /// Call without the GIL; the request stays in the ring until ``make(_:input:)``.
    mutating func prepare(_ request: RequestEnvelopeReader) {
        serial &+= 1
        hasContentLength = false
        fields.removeAll(keepingCapacity: true)
        for index in 0..<request.fieldCount {
            let (name, value) = request.field(index)
            switch fieldKeys.place(of: name) {
            case .known(let entry): fields.append(Field(index: entry, name: name, value: value))
            case .unknown: fields.append(Field(index: -1, name: name, value: value))
            case .dropped: break
            }
        }
        let path = request.part(.path)
        if path.count > scratchBytes {
            scratch.deallocate()
            scratchBytes = path.count
            scratch = UnsafeMutableRawPointer.allocate(byteCount: scratchBytes, alignment: 8)
        }
    }

    /// Makes the environ.
    ///
    /// `requestID` and `input` are borrowed. Returns an owned dict, or nil with a Python error set.
    mutating func make(
        _ request: RequestEnvelopeReader,
        requestID: PythonObject,
        input: PythonObject
    ) -> PythonObject? {
        guard remember(request), let environ = PyDict_Copy(template) else { return nil }
        let path = percentDecoded(request.part(.path), scratch: scratch)
        let isSet =
            set(environ, keys.path, latin1: pathInfo(path))
            && set(environ, keys.query, latin1: request.part(.query))
            && setTarget(environ, request.part(.target))
            && setRemotePort(environ, request.part(.clientPort))
            && PyDict_SetItem(environ, keys.requestID, requestID) == 0
            && PyDict_SetItem(environ, keys.input, input) == 0
            && (!request.flags.contains(.http10) || PyDict_SetItem(environ, keys.protocolName, http10) == 0)
            && (!request.flags.contains(.https) || PyDict_SetItem(environ, keys.urlScheme, https) == 0)
            && setFields(environ)
            && setContentLength(environ, request.bodyBytes)
        if isSet { return environ }
        Py_DecRef(environ)
        return nil
    }

    private mutating func remember(_ request: RequestEnvelopeReader) -> Bool {
        guard let method = method.object(for: request.part(.method)),
            !method.changed || PyDict_SetItem(template, keys.method, method.object) == 0,
            let host = host.object(for: Self.serverName(request)),
            !host.changed || PyDict_SetItem(template, keys.serverName, host.object) == 0,
            let port = port.object(for: Self.serverPort(request)),
            !port.changed || PyDict_SetItem(template, keys.serverPort, port.object) == 0,
            let address = clientAddress.object(for: request.part(.clientAddress)),
            !address.changed || PyDict_SetItem(template, keys.remoteAddress, address.object) == 0
        else { return false }
        return true
    }

    /// A Unix socket's path is no name that could stand in an address.
    private static func serverName(_ request: RequestEnvelopeReader) -> UnsafeRawBufferPointer {
        guard request.part(.port).isEmpty else { return request.part(.host) }
        let name: StaticString = "localhost"
        return UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    }

    /// PEP 3333 wants a port, and frameworks make a number of it: on a Unix socket that of the scheme.
    private static func serverPort(_ request: RequestEnvelopeReader) -> UnsafeRawBufferPointer {
        guard request.part(.port).isEmpty else { return request.part(.port) }
        let port: StaticString = request.flags.contains(.https) ? "443" : "80"
        return UnsafeRawBufferPointer(start: port.utf8Start, count: port.utf8CodeUnitCount)
    }

    /// A port that nobody told, of a Unix socket's peer or of a client that a proxy named without it, is left out.
    private func setRemotePort(_ environ: PythonObject, _ port: UnsafeRawBufferPointer) -> Bool {
        if port.isEmpty || (port.count == 1 && port[0] == UInt8(ascii: "0")) {
            return PyDict_DelItem(environ, keys.remotePort) == 0
        }
        return set(environ, keys.remotePort, latin1: port)
    }

    /// What `PATH_INFO` says: empty, or with a slash in front (RFC 3875 §4.1.5).
    ///
    /// The `*` of OPTIONS stands for an URI without a path (RFC 9112 §3.2.4).
    private func pathInfo(_ path: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let start = path.first == UInt8(ascii: "/") ? rootPath.byteCount(in: path) : path.count
        return UnsafeRawBufferPointer(rebasing: path[start...])
    }

    private func setTarget(_ environ: PythonObject, _ target: UnsafeRawBufferPointer) -> Bool {
        guard let text = PythonText.latin1(target) else { return false }
        defer { Py_DecRef(text) }
        return PyDict_SetItem(environ, keys.requestURI, text) == 0 && PyDict_SetItem(environ, keys.rawURI, text) == 0
    }

    private mutating func setFields(_ environ: PythonObject) -> Bool {
        for field in fields {
            guard field.index >= 0 else {
                guard let key = fieldKeys.makeKey(for: field.name) else { return false }
                defer { Py_DecRef(key) }
                guard join(environ, key, field.value, with: comma) else { return false }
                continue
            }
            guard let key = fieldKeys.key(at: field.index) else { return false }
            let entry = fieldKeys.entries + field.index
            if entry.pointee.role == .contentLength {
                hasContentLength = true
                continue
            }
            if entry.pointee.request != serial {
                entry.pointee.request = serial
                guard set(environ, key, latin1: field.value) else { return false }
            } else {
                let separator = entry.pointee.role == .cookie ? semicolon : comma
                guard join(environ, key, field.value, with: separator) else { return false }
            }
        }
        return true
    }

    /// The length of the body as it is here: the front has counted it, whatever framing it came in.
    private func setContentLength(_ environ: PythonObject, _ count: Int) -> Bool {
        guard count > 0 || hasContentLength else { return true }
        return withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var rest = count
            var start = digits.count
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            return set(environ, keys.contentLength, latin1: UnsafeRawBufferPointer(rebasing: digits[start...]))
        }
    }

    private func join(
        _ environ: PythonObject,
        _ key: PythonObject,
        _ value: UnsafeRawBufferPointer,
        with separator: PythonObject
    ) -> Bool {
        guard let before = PyDict_GetItemWithError(environ, key) else {
            return PyErr_Occurred() == nil && set(environ, key, latin1: value)
        }
        guard let next = PythonText.latin1(value) else { return false }
        defer { Py_DecRef(next) }
        guard let separated = PyUnicode_Concat(before, separator) else { return false }
        defer { Py_DecRef(separated) }
        guard let joined = PyUnicode_Concat(separated, next) else { return false }
        defer { Py_DecRef(joined) }
        return PyDict_SetItem(environ, key, joined) == 0
    }

    @inline(__always)
    private func set(_ environ: PythonObject, _ key: PythonObject, latin1 text: UnsafeRawBufferPointer) -> Bool {
        guard let value = PythonText.latin1(text) else { return false }
        let result = PyDict_SetItem(environ, key, value)
        Py_DecRef(value)
        return result == 0
    }
}
