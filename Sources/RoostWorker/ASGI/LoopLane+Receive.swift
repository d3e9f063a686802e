internal import CPython
internal import Glibc
internal import WorkerLink

extension LoopLane {
    /// The next message for the application.
    ///
    /// Returns an owned object, None when it has to wait; nil with a Python error set.
    func receive(of stream: AppStream) -> PythonObject? {
        stream.isSocket ? receiveOfSocket(stream) : receiveOfRequest(stream)
    }

    private func receiveOfRequest(_ stream: AppStream) -> PythonObject? {
        if stream.departure == .left || stream.phase == .complete { return messages.makeDisconnect() }
        switch stream.body.next() {
        case .part(let part, let isLast, let grant):
            if let grant { self.grant(grant, to: stream) }
            return messages.makeRequest(body: part, isLast: isLast)
        case .none where stream.departure == .halfClosed, .exhausted where stream.departure == .halfClosed:
            return messages.makeDisconnect()
        case .none, .exhausted:
            return wait(stream)
        case .failed(let code):
            let reason = String(cString: strerror(code))
            PyErr_SetString(roost_os_error(), "the request's body could not be read: \(reason)")
            return nil
        }
    }

    private func receiveOfSocket(_ stream: AppStream) -> PythonObject? {
        if !stream.wasConnected {
            stream.wasConnected = true
            if case .requested = stream.socket { stream.socket = .connecting }
            return messages.makeConnect()
        }
        switch stream.socket {
        case .requested:
            return wait(stream)
        case .connecting:
            return wait(stream)
        case .open:
            return nextMessage(of: stream) ?? wait(stream, unless: PyErr_Occurred() != nil)
        case .lost(let close):
            return nextMessage(of: stream)
                ?? (PyErr_Occurred() != nil ? nil : messages.makeSocketDisconnect(close))
        case .closed(let close):
            return messages.makeSocketDisconnect(close)
        case .denied:
            return messages.makeSocketDisconnect(CloseEnvelope(code: 1006))
        }
    }

    private func nextMessage(of stream: AppStream) -> PythonObject? {
        guard let (content, isText, grant) = stream.messages.next() else { return nil }
        if let grant { self.grant(grant, to: stream) }
        return messages.makeReceived(content, isText: isText)
    }

    private func wait(_ stream: AppStream, unless hasFailed: Bool = false) -> PythonObject? {
        if hasFailed { return nil }
        stream.hasReaders = true
        Py_IncRef(roost_none())
        return roost_none()
    }

    /// Lets the front send so much more on the stream.
    func grant(_ count: Int, to stream: AppStream) {
        if stream.isEnded { return }
        if case .lost = stream.socket { return }
        sendFrame(.grant, of: stream.id, count: 4) {
            $0.storeBytes(of: UInt32(truncatingIfNeeded: count), as: UInt32.self)
        }
    }
}
