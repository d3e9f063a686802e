internal import CPython
internal import WorkerLink

/// What became of the front's wish to interrupt the request that a lane runs.
///
/// Guarded by the GIL. A new one for each request.
///
/// ```
///   main thread                        thread of the lane
///                                      enter: may be interrupted
///   interrupt(7): set its exception    …
///                                      raised in the application, now or when its C call returns
///                                      leave: may not be, and if it was set: let what is pending come out, here
///   interrupt(7): too late, nothing    finish, send, next request
/// ```
struct Interruption {
    /// Whether the thread is in the application's code: nowhere else may an exception come up.
    var isPossible = false
    /// Whether an exception was set since the application was entered, which may not have come up yet.
    var mayBePending = false
    /// Whether an exception was set for this request.
    var wasSent = false
    /// Whether it came out of the application.
    var wasRaised = false
}

extension Lane {
    /// Notes that the application's code runs from here.
    ///
    /// Needs the GIL.
    @inline(__always)
    func enterApplication() {
        interruption.isPossible = true
    }

    /// Notes that the application's code has returned; no interrupt comes up behind this.
    ///
    /// Needs the GIL. A Python error that is set stays set.
    @inline(__always)
    func leaveApplication() {
        interruption.isPossible = false
        if interruption.mayBePending { settle() }
    }

    /// Raises `roost.RequestTimeout` in this lane's thread if that runs the application for `stream`.
    ///
    /// Needs the GIL; called on another thread. The exception comes up when the thread next runs Python code.
    ///
    /// - Returns: Whether it was set. It may still come too late: then nobody sees it.
    func interrupt(_ stream: UInt64) -> Bool {
        guard interruption.isPossible, stream != 0, stream == self.stream,
            PyThreadState_SetAsyncExc(thread, glue.requestTimeout) == 1
        else { return false }
        interruption.mayBePending = true
        interruption.wasSent = true
        return true
    }

    /// Makes sure that no exception is pending for this thread.
    ///
    /// It could be taken away with `PyThreadState_SetAsyncExc(thread, nil)`, but up to CPython 3.12 that leaves a flag
    /// behind that only a raised one clears: every thread of the process would then look for exceptions at each turn of
    /// each loop, for ever. So one is set for certain, and raised where it does no harm.
    private func settle() {
        interruption.mayBePending = false
        var type: PythonObject?
        var value: PythonObject?
        var traceback: PythonObject?
        PyErr_Fetch(&type, &value, &traceback)
        _ = PyThreadState_SetAsyncExc(thread, glue.requestTimeout)
        if let result = PyObject_CallNoArgs(glue.absorb) {
            // It did not come up.
            Py_DecRef(result)
            _ = PyThreadState_SetAsyncExc(thread, nil)
        }
        PyErr_Restore(type, value, traceback)
    }

    /// How the log begins for a request that was interrupted now.
    var interruptionNote: String {
        let tenths = (monotonicNow() &- takenAt) / 100_000_000
        return "interrupted after \(tenths / 10).\(tenths % 10) s, at the request's deadline"
    }

    /// Lets the request that runs here go on for `seconds` from now.
    ///
    /// Called on the lane's thread. What is no number of seconds is 0, and what is more than 30 years is that.
    func extendDeadline(by seconds: Double) {
        let bounded = seconds > 0 ? min(seconds, 1e9) : 0
        reader.extendDeadline(of: stream, until: monotonicNow() &+ UInt64(bounded * 1e9))
    }

    /// Lets the request that runs here be answered twice.
    ///
    /// Called on the lane's thread.
    func markIdempotent() {
        reader.markIdempotent(stream)
    }
}
