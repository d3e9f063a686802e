internal import CPython
internal import WorkerLink

/// What an application may `send` (ASGI 3.0).
enum MessageKind {
    case responseStart, responseBody, responsePathsend, responseTrailers
    case accept, message, close
    case denialStart, denialBody

    /// Finds the kind that a message's `type` names.
    init?(_ type: UnsafeRawBufferPointer) {
        @inline(__always)
        func isType(_ name: StaticString) -> Bool {
            guard name.utf8CodeUnitCount == type.count, let base = type.baseAddress else { return false }
            return equalBytes(base, name.utf8Start, type.count)
        }
        switch type.count {
        case 14 where isType("websocket.send"): self = .message
        case 15 where isType("websocket.close"): self = .close
        case 16 where isType("websocket.accept"): self = .accept
        case 18 where isType("http.response.body"): self = .responseBody
        case 19 where isType("http.response.start"): self = .responseStart
        case 22 where isType("http.response.pathsend"): self = .responsePathsend
        case 22 where isType("http.response.trailers"): self = .responseTrailers
        case 28 where isType("websocket.http.response.body"): self = .denialBody
        case 29 where isType("websocket.http.response.start"): self = .denialStart
        default: return nil
        }
    }
}

/// The keys of messages, and the messages that the application receives.
///
/// Owned by the loop. Needs the GIL.
struct Messages {
    let type, body, moreBody, status, headers, path, text, bytes, code, reason, subprotocol: PythonObject
    let trailers, moreTrailers: PythonObject
    let yes, no: PythonObject
    /// Messages that are copied: of a request without a body, and of a client that has left.
    private let request, disconnect, connect, received, socketDisconnect: PythonObject

    /// Makes them.
    ///
    /// Returns nil with a Python error set.
    init?() {
        guard let type = PythonText.interned("type"), let body = PythonText.interned("body"),
            let moreBody = PythonText.interned("more_body"), let status = PythonText.interned("status"),
            let headers = PythonText.interned("headers"), let path = PythonText.interned("path"),
            let text = PythonText.interned("text"), let bytes = PythonText.interned("bytes"),
            let code = PythonText.interned("code"), let reason = PythonText.interned("reason"),
            let subprotocol = PythonText.interned("subprotocol"),
            let trailers = PythonText.interned("trailers"),
            let moreTrailers = PythonText.interned("more_trailers"), let yes = PyBool_FromLong(1),
            let no = PyBool_FromLong(0), let empty = PythonBytes.make(.init(start: nil, count: 0)),
            let request = Self.makeMessage(type, "http.request"),
            PyDict_SetItem(request, body, empty) == 0, PyDict_SetItem(request, moreBody, no) == 0,
            let disconnect = Self.makeMessage(type, "http.disconnect"),
            let connect = Self.makeMessage(type, "websocket.connect"),
            let received = Self.makeMessage(type, "websocket.receive"),
            let socketDisconnect = Self.makeMessage(type, "websocket.disconnect")
        else { return nil }
        self.type = type
        self.body = body
        self.moreBody = moreBody
        self.status = status
        self.headers = headers
        self.path = path
        self.text = text
        self.bytes = bytes
        self.code = code
        self.reason = reason
        self.subprotocol = subprotocol
        self.trailers = trailers
        self.moreTrailers = moreTrailers
        self.yes = yes
        self.no = no
        self.request = request
        self.disconnect = disconnect
        self.connect = connect
        self.received = received
        self.socketDisconnect = socketDisconnect
    }

    private static func makeMessage(_ key: PythonObject, _ type: StaticString) -> PythonObject? {
        guard let message = PyDict_New(), let value = PythonText.interned(type) else { return nil }
        defer { Py_DecRef(value) }
        return PyDict_SetItem(message, key, value) == 0 ? message : nil
    }

    // All return an owned dict, or nil with a Python error set.

    /// A part of the request's body, given up by the caller; nil for none.
    func makeRequest(body part: PythonObject?, isLast: Bool) -> PythonObject? {
        defer { if let part { Py_DecRef(part) } }
        guard let message = PyDict_Copy(request) else { return nil }
        if part.map({ PyDict_SetItem(message, body, $0) == 0 }) ?? true,
            isLast || PyDict_SetItem(message, moreBody, yes) == 0
        {
            return message
        }
        Py_DecRef(message)
        return nil
    }

    /// The client has left, or its request has been answered.
    func makeDisconnect() -> PythonObject? { PyDict_Copy(disconnect) }

    /// The client asks for a WebSocket.
    func makeConnect() -> PythonObject? { PyDict_Copy(connect) }

    /// A message of the client, given up by the caller: `bytes` or `str`.
    func makeReceived(_ content: PythonObject, isText: Bool) -> PythonObject? {
        defer { Py_DecRef(content) }
        guard let message = PyDict_Copy(received) else { return nil }
        if PyDict_SetItem(message, isText ? text : bytes, content) == 0 { return message }
        Py_DecRef(message)
        return nil
    }

    /// The WebSocket has ended.
    func makeSocketDisconnect(_ close: CloseEnvelope) -> PythonObject? {
        guard let message = PyDict_Copy(socketDisconnect) else { return nil }
        let number = PyLong_FromLongLong(Int64(close.code))
        let reason = close.reason.withUnsafeBytes { PythonText.utf8($0) }
        defer {
            if let number { Py_DecRef(number) }
            if let reason { Py_DecRef(reason) }
        }
        if let number, let reason, PyDict_SetItem(message, code, number) == 0,
            PyDict_SetItem(message, self.reason, reason) == 0
        {
            return message
        }
        Py_DecRef(message)
        return nil
    }
}
