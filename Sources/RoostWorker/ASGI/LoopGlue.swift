internal import CPython
internal import WorkerLink

/// The Python side of an event loop: what `roost/_asgi.py` lends to the library.
///
/// Made once, under the GIL.
struct LoopGlue {
    /// The scope that every request's is a copy of.
    let http: PythonObject
    /// The scope that every WebSocket's is a copy of.
    let webSocket: PythonObject
    /// The `asgi` that every scope's is a copy of.
    let asgi: PythonObject
    /// The `extensions` that every request's are a copy of.
    let httpExtensions: PythonObject
    /// The `extensions` that those of every request in HTTP/1.0 are a copy of.
    let http10Extensions: PythonObject
    /// The `extensions` that every WebSocket's are a copy of.
    let webSocketExtensions: PythonObject
    /// The path below which the application is mounted, that every `path` begins with.
    let rootPath: RootPath
    /// The `state` of the lifespan, a dict.
    let state: PythonObject
    /// `begin(stream, scope)`: calls the application in a task of its own.
    let begin: PythonObject
    /// `wake_readers(stream)`: lets every `receive()` of the stream that waits look again.
    let wakeReaders: PythonObject
    /// `wake_writers(stream)`: lets every `send()` of the stream that waits look again.
    let wakeWriters: PythonObject
    /// The loop's `call_soon(callback)`.
    let callSoon: PythonObject
    /// `describe(exception)`: its traceback as text.
    let describe: PythonObject
    /// `is_departure(exception)`: whether it comes of a `send()` to a client that has left.
    let isDeparture: PythonObject
    /// The `OSError` that `send()` raises when the client has left.
    let clientLeft: PythonObject
    /// `asyncio.CancelledError`.
    let cancelled: PythonObject
    /// `damaged()`: ends the worker, whose memory is not to be believed.
    let damaged: PythonObject
    /// `leave_child(exception or None)`: ends a forked child that came out of the application.
    ///
    /// Never returns.
    let leaveChild: PythonObject

    /// Takes the parts from an object with these attributes.
    ///
    /// Returns nil with a Python error set.
    init?(_ object: PythonObject) {
        func part(_ name: StaticString) -> PythonObject? { PythonText.attribute(name, of: object) }
        guard let http = part("http"), let webSocket = part("websocket"),
            let asgi = part("asgi"), let httpExtensions = part("http_extensions"),
            let http10Extensions = part("http10_extensions"),
            let webSocketExtensions = part("websocket_extensions"),
            let rootPath = part("root_path"),
            let state = part("state"), let begin = part("begin"), let wakeReaders = part("wake_readers"),
            let wakeWriters = part("wake_writers"), let callSoon = part("call_soon"),
            let describe = part("describe"), let isDeparture = part("is_departure"),
            let clientLeft = part("client_left"), let cancelled = part("cancelled"),
            let damaged = part("damaged"), let leaveChild = part("leave_child")
        else { return nil }
        self.http = http
        self.webSocket = webSocket
        self.asgi = asgi
        self.httpExtensions = httpExtensions
        self.http10Extensions = http10Extensions
        self.webSocketExtensions = webSocketExtensions
        self.rootPath = RootPath(PythonBytes.view(of: rootPath) ?? UnsafeRawBufferPointer(start: nil, count: 0))
        self.state = state
        self.begin = begin
        self.wakeReaders = wakeReaders
        self.wakeWriters = wakeWriters
        self.callSoon = callSoon
        self.describe = describe
        self.isDeparture = isDeparture
        self.clientLeft = clientLeft
        self.cancelled = cancelled
        self.damaged = damaged
        self.leaveChild = leaveChild
    }
}
