internal import CPython
internal import WorkerLink

// What Python calls. Each gets the name of a stream first, but for the two that the loop calls by itself.
extension LoopLane {
    /// `receive(stream)`: the next message for the application, or None when it has to wait.
    static let receive: PythonFunction.Body = { _, arguments, count, _ in
        guard let lane = current, let name = LoopLane.streamName(arguments, count, 1) else { return nil }
        guard let stream = lane.streams[name], !stream.isReturned else {
            // Its application has returned, and left something behind that still asks.
            return StreamID(raw: name).isSocket
                ? lane.messages.makeSocketDisconnect(CloseEnvelope(code: 1006)) : lane.messages.makeDisconnect()
        }
        return lane.receive(of: stream)
    }

    /// `send(stream, message)`: None when the message is on its way; True when a part of it is still to go, see
    /// `is_flushed`; False when it was not taken, because one before it is still to go.
    static let send: PythonFunction.Body = { _, arguments, count, _ in
        guard let lane = current, let name = LoopLane.streamName(arguments, count, 2), let message = arguments?[1]
        else {
            return nil
        }
        guard let stream = lane.streams[name], !stream.isReturned else {
            PyErr_SetString(roost_runtime_error(), "send was called after the application had returned")
            return nil
        }
        do throws(SendError) {
            switch try lane.send(message, of: stream) {
            case .sent: return LoopLane.owned(roost_none())
            case .going:
                stream.hasWriters = true
                return LoopLane.owned(lane.messages.yes)
            case .busy:
                stream.hasWriters = true
                return LoopLane.owned(lane.messages.no)
            }
        } catch {
            lane.raise(error)
            return nil
        }
    }

    /// `is_flushed(stream)`: whether nothing of what was given is still to go.
    static let isFlushed: PythonFunction.Body = { _, arguments, count, _ in
        guard let lane = current, let name = LoopLane.streamName(arguments, count, 1) else { return nil }
        guard let stream = lane.streams[name], !stream.isReturned else { return LoopLane.owned(lane.messages.yes) }
        if stream.isLost {
            lane.raise(.clientLeft)
            return nil
        }
        guard stream.pending != nil else { return LoopLane.owned(lane.messages.yes) }
        stream.hasWriters = true
        return LoopLane.owned(lane.messages.no)
    }

    /// `finish(stream, error)`: the application has returned, or raised.
    static let finish: PythonFunction.Body = { _, arguments, count, _ in
        guard let lane = current, let name = LoopLane.streamName(arguments, count, 2), let error = arguments?[1] else {
            return nil
        }
        if WorkerProcess.isInert { lane.leaveChild(error) }
        if let stream = lane.streams[name], !stream.isReturned {
            if error == roost_none() {
                lane.finish(stream, error: nil)
            } else {
                Py_IncRef(error)
                lane.finish(stream, error: error)
            }
        }
        return LoopLane.owned(roost_none())
    }

    /// `interrupt(stream)`: notes that its deadline has passed; True when it is there to be cancelled.
    static let interrupt: PythonFunction.Body = { _, arguments, count, _ in
        guard let lane = current, let name = LoopLane.streamName(arguments, count, 1) else { return nil }
        guard let stream = lane.streams[name], !stream.isReturned, stream.phase != .complete else {
            return LoopLane.owned(lane.messages.no)
        }
        stream.isInterrupted = true
        return LoopLane.owned(lane.messages.yes)
    }

    /// `drain()`: reads what the front has written.
    ///
    /// Called by the loop when the bell rings.
    static let drain: PythonFunction.Body = { _, _, _, _ in
        guard let lane = current, lane.drain() else { return nil }
        return LoopLane.owned(roost_none())
    }

    /// `flush_heads()`: sends the heads whose body did not come in the same turn of the loop.
    static let flushHeads: PythonFunction.Body = { _, _, _, _ in
        if let lane = current {
            let held = lane.heldHeads
            lane.heldHeads.removeAll(keepingCapacity: true)
            for name in held {
                if let stream = lane.streams[name], stream.phase == .headReady { lane.flushHead(of: stream) }
            }
        }
        return LoopLane.owned(roost_none())
    }

    static func streamName(_ arguments: UnsafePointer<PythonObject?>?, _ count: Int, _ wanted: Int) -> UInt64? {
        guard count == wanted, let number = arguments?[0] else {
            PyErr_SetString(roost_type_error(), "the name of a stream is missing")
            return nil
        }
        let name = PyLong_AsUnsignedLongLong(number)
        return name == UInt64.max && PyErr_Occurred() != nil ? nil : name
    }

    @inline(__always)
    static func owned(_ object: PythonObject?) -> PythonObject? {
        if let object { Py_IncRef(object) }
        return object
    }

    func raise(_ error: SendError) {
        switch error {
        case .mistake(let mistake): mistake.raise()
        case .clientLeft: PyErr_SetString(glue.clientLeft, "the client has left")
        case .python: break
        }
    }
}
