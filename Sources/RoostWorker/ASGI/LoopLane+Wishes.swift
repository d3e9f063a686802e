internal import CPython
internal import WorkerLink

// What an application says about the request that it runs, from the loop's thread or any other that has its context.
extension LoopLane {
    /// `extend_deadline(stream, seconds)`: True when the request is let run on, False when there is none to extend.
    static let extendDeadline: PythonFunction.Body = { _, arguments, count, _ in
        guard let lane = current, let name = LoopLane.streamName(arguments, count, 2), let number = arguments?[1] else {
            return nil
        }
        let seconds = PyFloat_AsDouble(number)
        if seconds == -1, PyErr_Occurred() != nil { return nil }
        guard let stream = lane.running(name), seconds > 0 else { return LoopLane.owned(lane.messages.no) }
        // The front lets nothing run that long; beyond it there is no number of nanoseconds.
        let until = monotonicNow() &+ UInt64(min(seconds, 1e9) * 1e9)
        lane.sendFrame(.extend, of: stream.id, count: 8) { $0.storeBytes(of: until, as: UInt64.self) }
        return LoopLane.owned(lane.messages.yes)
    }

    /// `mark_idempotent(stream)`: True when the request may run twice from now on, False when there is none.
    static let markIdempotent: PythonFunction.Body = { _, arguments, count, _ in
        guard let lane = current, let name = LoopLane.streamName(arguments, count, 1) else { return nil }
        guard let stream = lane.running(name) else { return LoopLane.owned(lane.messages.no) }
        lane.sendFrame(.idempotent, of: stream.id, count: 0) { _ in }
        return LoopLane.owned(lane.messages.yes)
    }

    /// A request that the front waits for; a WebSocket is none.
    private func running(_ name: UInt64) -> AppStream? {
        guard !WorkerProcess.isInert, let stream = streams[name], !stream.isSocket, !stream.isReturned, !stream.isEnded
        else { return nil }
        return stream
    }
}
