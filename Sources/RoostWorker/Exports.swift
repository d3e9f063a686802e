internal import CPython
internal import Glibc
internal import WorkerLink

// What `roost/_native.py` calls, through `ctypes.PyDLL`: every function is entered with the GIL held, and a Python
// error that is set when it returns is raised there.

/// Opens the link.
///
/// `geometry` is what the front said about it; the three descriptors are taken over.
///
/// - Returns: 0, or -1 with a Python error set.
@_cdecl("roost_worker_open")
public func open(
    link: Int32,
    control: Int32,
    doorbell: Int32,
    lanes: Int32,
    requestRingBytes: Int64,
    responseRingBytes: Int64,
    watchesFront: Int32
) -> Int32 {
    let geometry = LinkGeometry(
        lanes: Int(lanes),
        requestRingBytes: Int(requestRingBytes),
        responseRingBytes: Int(responseRingBytes)
    )
    do {
        WorkerProcess.current = try WorkerProcess(
            link: link,
            control: control,
            doorbell: doorbell,
            geometry: geometry
        )
    } catch {
        PyErr_SetString(roost_os_error(), "the link to the front cannot be opened: \(error)")
        return -1
    }
    if watchesFront != 0 { FrontWatch.begin(on: control) }
    return 0
}

/// Serves lane `index` on this thread until the front says stop.
///
/// `glue` is an object with the parts of ``Glue``.
///
/// - Returns: 0, or -1 with a Python error set.
@_cdecl("roost_worker_run")
public func run(index: Int32, glue: OpaquePointer) -> Int32 {
    guard let process = WorkerProcess.current, !WorkerProcess.isInert, index >= 0,
        Int(index) < process.region.geometry.lanes
    else {
        PyErr_SetString(roost_value_error(), "there is no lane \(index)")
        return -1
    }
    guard let lane = Lane(index: Int(index), process: process, glue: glue) else { return -1 }
    process.register(lane, at: Int(index))
    return lane.run() ? 0 : -1
}

/// Makes the lane of this process's event loop, to be called on the loop's thread.
///
/// `glue` is an object with the parts of ``LoopGlue``.
///
/// - Returns: A tuple of functions, see ``LoopLane/makeFunctions()``; owned. Nil with a Python error set.
@_cdecl("roost_worker_open_loop")
public func openLoop(glue: OpaquePointer) -> OpaquePointer? {
    guard let process = WorkerProcess.current, !WorkerProcess.isInert,
        LoopLane.current?.process !== process
    else {
        PyErr_SetString(roost_runtime_error(), "there is no link to the front for an event loop")
        return nil
    }
    guard let lane = LoopLane(process: process, glue: glue) else { return nil }
    LoopLane.current = lane
    return lane.makeFunctions()
}

/// The descriptor on which the front tells the event loop of frames; it stays the library's.
///
/// - Returns: -1 when the front has not sent it yet.
@_cdecl("roost_worker_bell")
public func bell() -> Int32 {
    guard let process = WorkerProcess.current, !WorkerProcess.isInert else { return -1 }
    return LoopLane.current?.takeBell(from: process.mailbox) ?? -1
}

/// Tells the front that a message of ours waits on the control socket.
@_cdecl("roost_worker_announce")
public func announce() {
    guard let process = WorkerProcess.current, !WorkerProcess.isInert else { return }
    WorkerControl.announce(in: process.region, doorbell: process.doorbell)
}

/// A descriptor that is readable when a message waits that another thread read from the control socket.
@_cdecl("roost_worker_notice")
public func notice() -> Int32 {
    WorkerProcess.current?.mailbox.notice ?? -1
}

/// Copies the front's next message into `buffer`.
///
/// - Returns: Its length, 0 when there is none, -1 when the front is gone.
@_cdecl("roost_worker_message")
public func message(buffer: UnsafeMutableRawPointer, capacity: Int64) -> Int64 {
    guard let mailbox = WorkerProcess.current?.mailbox, !WorkerProcess.isInert else { return -1 }
    guard let text = mailbox.takeText() else { return mailbox.isClosed ? -1 : 0 }
    let count = min(text.count, Int(capacity))
    text.withUnsafeBytes { bytes in
        if let source = bytes.baseAddress { buffer.copyMemory(from: source, byteCount: count) }
    }
    return Int64(count)
}

/// Raises `roost.RequestTimeout` in the thread of lane `index` if that runs the application for `stream`.
///
/// - Returns: 1 if so, 0 when it does not, or the lane is none.
@_cdecl("roost_worker_interrupt")
public func interrupt(index: Int32, stream: UInt64) -> Int32 {
    guard let process = WorkerProcess.current, !WorkerProcess.isInert, process.lanes.indices.contains(Int(index)),
        let lane = process.lanes[Int(index)]
    else { return 0 }
    return lane.interrupt(stream) ? 1 : 0
}

/// Puts off the deadline of the request that this thread runs, to `seconds` from now: positive and finite.
///
/// - Returns: 1, or 0 when this thread runs none.
@_cdecl("roost_worker_extend_deadline")
public func extendDeadline(seconds: Double) -> Int32 {
    guard let lane = WorkerProcess.laneOfThisThread else { return 0 }
    lane.extendDeadline(by: seconds)
    return 1
}

/// Says that the request that this thread runs may be answered twice.
///
/// - Returns: 1, or 0 when this thread runs none.
@_cdecl("roost_worker_mark_idempotent")
public func markIdempotent() -> Int32 {
    guard let lane = WorkerProcess.laneOfThisThread else { return 0 }
    lane.markIdempotent()
    return 1
}

/// Ends the process after `seconds`, whatever Python still does.
@_cdecl("roost_worker_limit_leaving")
public func limitLeaving(seconds: Int32) {
    FrontWatch.limitLeaving(to: UInt32(clamping: seconds))
}

/// Lets go of everything in a forked child.
///
/// For `os.register_at_fork(after_in_child=…)`.
@_cdecl("roost_worker_forked")
public func forked() {
    WorkerProcess.becomeInert()
}

/// Whether this process was forked off a worker: 1 if so.
@_cdecl("roost_worker_is_inert")
public func isInert() -> Int32 {
    WorkerProcess.isInert ? 1 : 0
}
