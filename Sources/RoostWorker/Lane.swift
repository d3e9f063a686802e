internal import CPython
internal import CRoostSystem
internal import Glibc
internal import WorkerLink

/// One thread of Python that takes requests from its lane, calls the application, and answers.
///
/// Owned by its thread. What the application can reach from other threads (`start_response`, `write`, `wsgi.errors`) is
/// guarded by the GIL, and `writer` has a lock of its own. Lives for ever:
/// Python objects point to it.
// @unchecked: see above.
final class Lane: @unchecked Sendable {
    /// Where the current request's response stands.
    enum Phase {
        /// No request: `start_response` may not be called. → `unanswered`
        case idle
        /// `start_response` has not been called. → `headReady`, `idle`
        case unanswered
        /// The head may still be replaced. → `headSent`, `idle`
        case headReady
        /// Front has the head; an error can only break the response off. → `idle`
        case headSent
    }

    let glue: Glue
    /// The front's frames.
    ///
    /// A copy of the lane of its own, so that reading and writing share nothing.
    var reader: WorkerLane
    /// Our frames.
    let writer: LaneWriter
    /// Our lines for the log.
    let outlet: LogOutlet
    /// The largest payload of one frame.
    let chunkBytes: Int

    var environ: Environ
    var head: ResponseHead
    var phase = Phase.idle
    var stream: UInt64 = 0
    var takenAt: UInt64 = 0
    /// Whether the request's method is HEAD: no body goes out, whatever the application returns.
    var isHeadRequest = false
    /// Bytes of body handed to the front, or dropped because no body may go out.
    var sentBytes: UInt64 = 0
    /// The whole body's length when the server knows it though the application did not say it.
    var knownLength: UInt64?
    /// Whether the application sent more than its Content-Length says.
    var overran = false
    /// The `str` in `roost.request_id`.
    ///
    /// Owned while a request is here.
    var requestID: PythonObject?
    /// The environ of the request that the application runs.
    ///
    /// Borrowed.
    var requestEnviron: PythonObject?
    var log = LogLines()
    /// What Python calls the thread: `threading.get_ident()`.
    let thread: UInt
    var interruption = Interruption()

    // Borrowed by the application; made once, owned.
    var startResponse: PythonObject?
    var write: PythonObject?
    private let closeName: PythonObject
    private let listType = roost_list_type()
    private let tupleType = roost_tuple_type()

    /// Creates the lane.
    ///
    /// Needs the GIL. Returns nil with a Python error set.
    init?(index: Int, process: WorkerProcess, glue object: PythonObject) {
        guard let glue = Glue(object), let environ = Environ(glue: glue),
            let closeName = PythonText.interned("close")
        else { return nil }
        self.glue = glue
        self.environ = environ
        self.closeName = closeName
        reader = WorkerLane(region: process.region, lane: index, doorbell: process.doorbell)
        writer = LaneWriter(WorkerLane(region: process.region, lane: index, doorbell: process.doorbell))
        chunkBytes = reader.chunkBytes
        outlet = LogOutlet(writer, chunkBytes: reader.chunkBytes)
        thread = PyThread_get_thread_ident()
        head = ResponseHead(capacity: reader.chunkBytes - ResponseEnvelope.fixedBytes, source: "start_response")
        guard makeFunctions(template: glue.template) else { return nil }
        reader.introduce(id: Int32(truncatingIfNeeded: PyThread_get_thread_native_id()), name: UInt64(thread))
    }

    /// Serves requests until the front says stop.
    ///
    /// Called with the GIL held; returns with it held.
    ///
    /// - Returns: false, with a Python error set, when the memory says what the front never writes.
    func run() -> Bool {
        // Nil while the GIL is held.
        var released: OpaquePointer? = PyEval_SaveThread()
        var held = 0
        defer { if let released { PyEval_RestoreThread(released) } }
        while true {
            // Going on with the GIL saves two switches between threads for each request, and where another thread computes,
            // five milliseconds of waiting for it. It is let go now and then, for those who wait for it in C; Python code
            // gives it up by itself when asked.
            if released == nil, held >= Self.requestsAtOnce || !isFollowed() { released = PyEval_SaveThread() }
            if released != nil {
                held = 0
                reader.wait()
            }
            let now = monotonicNow()
            let frame: (header: FrameHeader, payload: UnsafeRawBufferPointer)
            do throws(LinkViolation) {
                // None when the front has taken back what was there.
                guard let next = try reader.peek() else { continue }
                frame = next
            } catch {
                // The front never breaks its own protocol; if it seems so, this memory is not to be believed.
                break
            }
            switch FrameKind(rawValue: frame.header.kind) {
            case .request:
                let request = try? RequestEnvelopeReader(frame.payload)
                takenAt = now
                if let request { environ.prepare(request) }
                if let state = released {
                    PyEval_RestoreThread(state)
                    released = nil
                }
                // Not before: while the GIL does not come, the front can give the request to another worker.
                guard reader.claim(frame.header) else { continue }
                held += 1
                if let request { serve(request, frame.header) } else { refuse(frame.header) }
            case .stop:
                reader.consume(frame.header)
                return true
            case .body, .left, .credit, .message, .close, .response, .chunk, .end, .abort, .file, .log, .grant,
                .appMessage, .appClose, .extend, .idempotent, nil:
                reader.consume(frame.header)
            }
        }
        if let state = released {
            PyEval_RestoreThread(state)
            released = nil
        }
        PyErr_SetString(roost_runtime_error(), "the link to the front is damaged")
        return false
    }

    /// The most requests that one hold of the GIL serves.
    private static let requestsAtOnce = 8
    /// How long the GIL is held for a request that the front is about to hand over, in nanoseconds.
    private static let handOver: Int64 = 200_000

    /// Whether the next request is there: laid ready by the front, or, when requests wait there, handed over at once.
    private func isFollowed() -> Bool {
        reader.hasFrames || (reader.hasBacklog && reader.wait(atMost: Self.handOver))
    }

    /// Whether `object` is exactly a list or exactly a tuple: what has no `close` and whose length can be trusted.
    @inline(__always)
    func isPlainSequence(_ object: PythonObject) -> (isList: Bool, isTuple: Bool) {
        guard let type = PyObject_Type(object) else { return (false, false) }
        defer { Py_DecRef(type) }
        return (type == listType, type == tupleType)
    }

    func isFileWrapper(_ object: PythonObject) -> Bool {
        guard let type = PyObject_Type(object) else { return false }
        defer { Py_DecRef(type) }
        return type == glue.fileWrapper
    }

    /// Calls the iterable's `close` if it has one.
    ///
    /// Its error is logged; the response is what was sent.
    func close(_ iterable: PythonObject) {
        guard let close = PyObject_GetAttr(iterable, closeName) else {
            PyErr_Clear()
            return
        }
        defer { Py_DecRef(close) }
        enterApplication()
        let result = PyObject_CallNoArgs(close)
        leaveApplication()
        if let result { Py_DecRef(result) } else { logError() }
    }

    /// Runs `body` without the GIL.
    @inline(__always)
    func withoutGIL<Result>(_ body: () -> Result) -> Result {
        let state = PyEval_SaveThread()
        defer { PyEval_RestoreThread(state) }
        return body()
    }

    /// Answers a frame that is no request in form.
    private func refuse(_ header: FrameHeader) {
        reader.consume(header)
        stream = header.stream
        takenAt = monotonicNow()
        answerPlain(500, "Internal Server Error")
    }
}

/// CLOCK_MONOTONIC in nanoseconds.
@inline(__always)
func monotonicNow() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
}
