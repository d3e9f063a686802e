internal import CPython
internal import CRoostSystem
internal import Glibc
internal import WorkerLink

/// The event loop's end of the link: takes requests and WebSockets from its lane, has the application called, and
/// carries messages both ways.
///
/// Everything happens on the loop's thread, in functions that Python calls: one when the bell rings, the others when
/// the application calls `receive` and `send`, and when it has returned.
///
/// Guarded by the GIL. Lives for ever.
// @unchecked: see above.
final class LoopLane: @unchecked Sendable {
    // Written under the GIL, before any function that reads it exists; again only when a program serves once more.
    nonisolated(unsafe) static var current: LoopLane?

    /// How many frames are read before the loop gets to other things.
    private static let framesAtOnce = 128

    /// Messages and bodies up to this size come and go without the kernel.
    private static let keptBlockBytes = 4 << 20

    /// Whose lane it is.
    let process: WorkerProcess
    let glue: LoopGlue
    let messages: Messages
    var reader: WorkerLane
    let writer: LaneWriter
    let outlet: LogOutlet
    /// The largest payload of one frame.
    let chunkBytes: Int
    var scope: Scope
    /// Where heads are made, before they wait with their stream or go out.
    var head: ResponseHead
    /// Where the fields of one message of trailers are made.
    var trailers = ResponseHead(capacity: TrailerEnvelope.greatestByteCount, source: "http.response.trailers")
    var streams: [UInt64: AppStream] = [:]
    /// The stream whose application takes its first step: its head goes out behind that by itself.
    var beginning: AppStream?
    /// Those whose heads go out when the loop comes round, unless they have gone with a body by then.
    var heldHeads: [UInt64] = []
    /// The eventfd that the front rings; negative until it came.
    private(set) var bell: Int32 = -1

    // Functions of Python. Owned.
    private var drainFunction: PythonObject?
    var flushFunction: PythonObject?

    /// Creates the loop's lane.
    ///
    /// Needs the GIL; called on the loop's thread. Returns nil with a Python error set.
    init?(process: WorkerProcess, glue object: PythonObject) {
        guard let glue = LoopGlue(object), let messages = Messages(), let scope = Scope(glue: glue) else { return nil }
        self.process = process
        self.glue = glue
        self.messages = messages
        self.scope = scope
        let lane = LinkGeometry.loopLane
        reader = WorkerLane(region: process.region, lane: lane, doorbell: process.doorbell)
        writer = LaneWriter(WorkerLane(region: process.region, lane: lane, doorbell: process.doorbell))
        chunkBytes = reader.chunkBytes
        outlet = LogOutlet(writer, chunkBytes: reader.chunkBytes)
        head = ResponseHead(
            capacity: reader.chunkBytes - ResponseEnvelope.fixedBytes,
            source: "http.response.start"
        )
        roost_keep_freed_memory(Self.keptBlockBytes)
        reader.introduce(
            id: Int32(truncatingIfNeeded: PyThread_get_thread_native_id()),
            name: UInt64(PyThread_get_thread_ident())
        )
    }

    /// Takes the bell if the front has sent it.
    func takeBell(from mailbox: Mailbox) -> Int32 {
        if bell < 0, let descriptor = mailbox.takeFileIfThere(of: UInt64.max) {
            bell = descriptor
            _ = fcntl(bell, F_SETFL, O_NONBLOCK)
        }
        return bell
    }

    /// Lets go of the bell, in a forked child.
    func dropBell() {
        if bell >= 0 { Glibc.close(bell) }
        bell = -1
    }

    /// Makes the functions that Python calls.
    ///
    /// Returns an owned tuple, or nil with a Python error set.
    func makeFunctions() -> PythonObject? {
        let functions = [
            PythonFunction.make("receive", nil, Self.receive), PythonFunction.make("send", nil, Self.send),
            PythonFunction.make("is_flushed", nil, Self.isFlushed), PythonFunction.make("finish", nil, Self.finish),
            PythonFunction.make("interrupt", nil, Self.interrupt), PythonFunction.make("drain", nil, Self.drain),
            PythonFunction.make("flush_heads", nil, Self.flushHeads),
            PythonFunction.make("extend_deadline", nil, Self.extendDeadline),
            PythonFunction.make("mark_idempotent", nil, Self.markIdempotent),
        ]
        drainFunction = functions[5]
        flushFunction = functions[6]
        guard let tuple = PyTuple_New(functions.count) else { return nil }
        for (index, function) in functions.enumerated() {
            guard let function else { return nil }
            Py_IncRef(function)
            PyTuple_SetItem(tuple, index, function)
        }
        return tuple
    }

    /// Reads what the front has written, and asks for the bell at the next frame.
    ///
    /// - Returns: false with a Python error set, which is to come out of the loop.
    func drain() -> Bool {
        if WorkerProcess.isInert { return true }
        var count: UInt64 = 0
        _ = read(bell, &count, 8)
        for _ in 0..<Self.framesAtOnce {
            do throws(LinkViolation) {
                if let frame = try reader.peek() {
                    guard take(frame.header, frame.payload) else { return false }
                } else if reader.askForBell() {
                    return true
                }
            } catch {
                // The front never breaks its own protocol; if it seems so, this memory is not to be believed.
                if let result = PyObject_CallNoArgs(glue.damaged) { Py_DecRef(result) }
                return false
            }
        }
        // The application's other work has its turn first.
        return call(glue.callSoon, drainFunction)
    }

    /// Calls a function of Python for its effect.
    ///
    /// - Returns: false with a Python error set.
    func call(_ function: PythonObject, _ argument: PythonObject?) -> Bool {
        guard let argument, let result = roost_call1(function, argument) else { return false }
        Py_DecRef(result)
        return true
    }

    /// Calls a function of Python with a stream's name.
    ///
    /// What it raises is nobody's.
    func call(_ function: PythonObject, with stream: AppStream) {
        guard let number = PyLong_FromUnsignedLongLong(stream.id) else { return PyErr_Clear() }
        defer { Py_DecRef(number) }
        if !call(function, number) { PyErr_Clear() }
    }

    /// Lets each `receive()` of the stream that waits look again.
    func wakeReaders(of stream: AppStream) {
        guard stream.hasReaders else { return }
        stream.hasReaders = false
        call(glue.wakeReaders, with: stream)
    }

    /// Lets each `send()` of the stream that waits look again.
    func wakeWriters(of stream: AppStream) {
        guard stream.hasWriters else { return }
        stream.hasWriters = false
        call(glue.wakeWriters, with: stream)
    }
}
