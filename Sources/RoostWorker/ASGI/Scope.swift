internal import CPython
internal import WorkerLink

/// Builds the scope of a request or a WebSocket (ASGI 3.0, "HTTP & WebSocket ASGI Message Format").
///
/// Owned by the loop. Needs the GIL.
struct Scope: ~Copyable {
    private struct Keys {
        let httpVersion, method, scheme, path, rawPath, query, headers, client, server: PythonObject
        let asgi, state, extensions, subprotocols, roost, requestID: PythonObject

        init?() {
            guard let httpVersion = PythonText.interned("http_version"), let method = PythonText.interned("method"),
                let scheme = PythonText.interned("scheme"), let path = PythonText.interned("path"),
                let rawPath = PythonText.interned("raw_path"), let query = PythonText.interned("query_string"),
                let headers = PythonText.interned("headers"), let client = PythonText.interned("client"),
                let server = PythonText.interned("server"), let state = PythonText.interned("state"),
                let extensions = PythonText.interned("extensions"),
                let subprotocols = PythonText.interned("subprotocols"), let roost = PythonText.interned("roost"),
                let requestID = PythonText.interned("request_id"), let asgi = PythonText.interned("asgi")
            else { return nil }
            self.httpVersion = httpVersion
            self.method = method
            self.scheme = scheme
            self.path = path
            self.rawPath = rawPath
            self.query = query
            self.headers = headers
            self.client = client
            self.server = server
            self.asgi = asgi
            self.state = state
            self.extensions = extensions
            self.subprotocols = subprotocols
            self.roost = roost
            self.requestID = requestID
        }
    }

    private let keys: Keys
    /// What is the same in every scope of a kind.
    private let http, webSocket: PythonObject
    /// What every scope's `asgi` is a copy of.
    private let asgi: PythonObject
    /// What is the same in every scope's `extensions`.
    private let httpExtensions, http10Extensions, webSocketExtensions: PythonObject
    /// The lifespan's, of which each scope has a copy.
    private let state: PythonObject
    private let rootPath: RootPath
    private let http10, http2, https, ws, wss: PythonObject

    private var pairs = HeaderPairs()
    private var places: [HeaderPairs.Place] = []
    private var method = RememberedText()
    private var client = AddressPair()
    private var server = AddressPair()
    private var scratch = UnsafeMutableRawPointer.allocate(byteCount: 1024, alignment: 8)
    private var scratchBytes = 1024

    /// Creates a builder.
    ///
    /// Returns nil with a Python error set.
    init?(glue: LoopGlue) {
        guard let keys = Keys(), let http10 = PythonText.interned("1.0"), let http2 = PythonText.interned("2"),
            let https = PythonText.interned("https"), let ws = PythonText.interned("ws"),
            let wss = PythonText.interned("wss")
        else { return nil }
        self.keys = keys
        http = glue.http
        webSocket = glue.webSocket
        asgi = glue.asgi
        httpExtensions = glue.httpExtensions
        http10Extensions = glue.http10Extensions
        webSocketExtensions = glue.webSocketExtensions
        state = glue.state
        rootPath = glue.rootPath
        self.http10 = http10
        self.http2 = http2
        self.https = https
        self.ws = ws
        self.wss = wss
        places.reserveCapacity(64)
    }

    /// Makes the scope.
    ///
    /// `requestID` is borrowed. Returns an owned dict, or nil with a Python error set.
    mutating func make(_ request: RequestEnvelopeReader, requestID: PythonObject) -> PythonObject? {
        let isSocket = request.flags.contains(.webSocket)
        guard let scope = PyDict_Copy(isSocket ? webSocket : http) else { return nil }
        let isSet =
            setRequestLine(scope, request, isSocket: isSocket)
            && setAddresses(scope, request)
            && set(scope, keys.headers, owned: makeHeaders(request))
            && set(scope, keys.asgi, owned: PyDict_Copy(asgi))
            && set(scope, keys.state, owned: PyDict_Copy(state))
            && set(scope, keys.extensions, owned: makeExtensions(request.flags, requestID: requestID))
            && (!isSocket || set(scope, keys.subprotocols, owned: Self.makeSubprotocols(request)))
        if isSet { return scope }
        Py_DecRef(scope)
        return nil
    }

    private mutating func setRequestLine(
        _ scope: PythonObject,
        _ request: RequestEnvelopeReader,
        isSocket: Bool
    ) -> Bool {
        let path = request.part(.path)
        if path.count > scratchBytes {
            scratch.deallocate()
            scratchBytes = path.count
            scratch = UnsafeMutableRawPointer.allocate(byteCount: scratchBytes, alignment: 8)
        }
        let decoded = percentDecoded(path, scratch: scratch)
        let isSet =
            rootPath.isMissing(in: decoded)
            ? set(scope, keys.path, owned: below(decoded, PythonText.utf8))
                && set(scope, keys.rawPath, owned: below(path, PythonBytes.make))
            : set(scope, keys.path, owned: PythonText.utf8(decoded))
                && set(scope, keys.rawPath, owned: PythonBytes.make(path))
        guard isSet, set(scope, keys.query, owned: PythonBytes.make(request.part(.query)))
        else { return false }
        let flags = request.flags
        if flags.contains(.http10), PyDict_SetItem(scope, keys.httpVersion, http10) != 0 { return false }
        if flags.contains(.http2), PyDict_SetItem(scope, keys.httpVersion, http2) != 0 { return false }
        if isSocket { return PyDict_SetItem(scope, keys.scheme, flags.contains(.https) ? wss : ws) == 0 }
        if flags.contains(.https), PyDict_SetItem(scope, keys.scheme, https) != 0 { return false }
        guard let method = method.object(for: request.part(.method)) else { return false }
        return PyDict_SetItem(scope, keys.method, method.object) == 0
    }

    /// Makes an object of a path with the root path in front, which a proxy has taken off.
    private func below(
        _ path: UnsafeRawBufferPointer,
        _ make: (UnsafeRawBufferPointer) -> PythonObject?
    ) -> PythonObject? {
        let count = rootPath.bytes.count
        return withUnsafeTemporaryAllocation(byteCount: count + path.count, alignment: 1) { room in
            room.copyBytes(from: rootPath.bytes)
            UnsafeMutableRawBufferPointer(rebasing: room[count...]).copyMemory(from: path)
            return make(UnsafeRawBufferPointer(room))
        }
    }

    private mutating func setAddresses(_ scope: PythonObject, _ request: RequestEnvelopeReader) -> Bool {
        guard let client = client.object(host: request.part(.clientAddress), port: request.part(.clientPort)),
            let server = server.object(host: request.part(.host), port: request.part(.port))
        else { return false }
        return PyDict_SetItem(scope, keys.client, client) == 0 && PyDict_SetItem(scope, keys.server, server) == 0
    }

    private mutating func makeHeaders(_ request: RequestEnvelopeReader) -> PythonObject? {
        places.removeAll(keepingCapacity: true)
        var kept = 0
        for index in 0..<request.fieldCount {
            let place = pairs.place(of: request.field(index).name)
            places.append(place)
            if case .dropped = place { continue }
            kept += 1
        }
        guard let headers = PyList_New(kept) else { return nil }
        var next = 0
        for index in 0..<request.fieldCount {
            let field = request.field(index)
            let pair: PythonObject?
            switch places[index] {
            case .known(let entry): pair = pairs.pair(at: entry, value: field.value)
            case .unknown: pair = pairs.pair(name: field.name, value: field.value)
            case .dropped: continue
            }
            guard let pair, PyList_SetItem(headers, next, pair) == 0 else {
                Py_DecRef(headers)
                return nil
            }
            next += 1
        }
        return headers
    }

    private func makeExtensions(_ flags: RequestEnvelope.Flags, requestID: PythonObject) -> PythonObject? {
        let common =
            flags.contains(.webSocket)
            ? webSocketExtensions : flags.contains(.http10) ? http10Extensions : httpExtensions
        guard let extensions = PyDict_Copy(common) else { return nil }
        guard let own = PyDict_New() else {
            Py_DecRef(extensions)
            return nil
        }
        if PyDict_SetItem(own, keys.requestID, requestID) == 0, set(extensions, keys.roost, owned: own) {
            return extensions
        }
        Py_DecRef(extensions)
        return nil
    }

    /// The members of all `Sec-WebSocket-Protocol` lines, as if they were one.
    private static func makeSubprotocols(_ request: RequestEnvelopeReader) -> PythonObject? {
        guard let list = PyList_New(0) else { return nil }
        for index in 0..<request.fieldCount {
            let field = request.field(index)
            guard isSubprotocolName(field.name) else { continue }
            for member in field.value.split(separator: UInt8(ascii: ",")) {
                var rest = member
                while let first = rest.first, first == 32 || first == 9 { rest = rest.dropFirst() }
                while let last = rest.last, last == 32 || last == 9 { rest = rest.dropLast() }
                if rest.isEmpty { continue }
                let text = PythonText.latin1(UnsafeRawBufferPointer(rebasing: rest))
                let isAppended = text.map { PyList_Append(list, $0) == 0 } ?? false
                if let text { Py_DecRef(text) }
                guard isAppended else {
                    Py_DecRef(list)
                    return nil
                }
            }
        }
        return list
    }

    private static func isSubprotocolName(_ name: UnsafeRawBufferPointer) -> Bool {
        let wanted: StaticString = "sec-websocket-protocol"
        guard name.count == wanted.utf8CodeUnitCount else { return false }
        for index in 0..<name.count where ByteTable.lowered[Int(name[index])] != wanted.utf8Start[index] {
            return false
        }
        return true
    }

    /// Sets a value that is given up, unless it is missing because a Python error is set.
    @inline(__always)
    private func set(_ dictionary: PythonObject, _ key: PythonObject, owned value: PythonObject?) -> Bool {
        guard let value else { return false }
        let result = PyDict_SetItem(dictionary, key, value)
        Py_DecRef(value)
        return result == 0
    }
}
