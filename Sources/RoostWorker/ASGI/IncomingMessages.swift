internal import CPython
internal import WorkerLink

/// The messages of a WebSocket on their way to the application.
///
/// What is granted to the front again, and when:
///
/// ```
///   messages that wait          the message that comes in parts
///   [ m1 ][ m2 ]                part part part …
///   each when it is received    each at once, unless whole messages wait: then when those have been received
/// ```
///
/// So a message may be longer than the window, and yet no more than that waits behind a message that nobody receives.
///
/// Owned by its stream. Needs the GIL.
struct IncomingMessages {
    private struct Message {
        /// `bytes` or `str`, owned.
        var content: PythonObject
        var isText: Bool
        /// What the front's window counts and was not granted yet.
        var byteCount: Int
    }

    private var messages: [Message] = []
    private var first = 0
    /// What has come of the message that is not complete.
    private var partial = GrowingBytes()
    private var isWithinMessage = false
    private var heldBack = 0
    private var window = ReceiveWindow()

    /// Takes a frame of a message.
    ///
    /// - Returns: What to grant now. With a Python error set when there is no memory.
    mutating func append(_ payload: UnsafeRawBufferPointer, isText: Bool, continues: Bool) -> Int? {
        try? window.received(payload.count)
        let footprint = FrameHeader.footprint(payload.count)
        if !continues, !isWithinMessage {
            guard let content = isText ? PythonText.utf8(payload) : PythonBytes.make(payload) else { return nil }
            messages.append(Message(content: content, isText: isText, byteCount: footprint))
            return nil
        }
        guard partial.append(payload) else { return nil }
        isWithinMessage = continues
        if continues {
            if first == messages.count { return window.took(footprint) }
            heldBack += footprint
            return nil
        }
        guard let content = whole(isText: isText) else { return nil }
        messages.append(Message(content: content, isText: isText, byteCount: footprint + heldBack))
        heldBack = 0
        return nil
    }

    private mutating func whole(isText: Bool) -> PythonObject? {
        guard let bytes = partial.take() else { return nil }
        guard isText else { return bytes }
        defer { Py_DecRef(bytes) }
        return PythonBytes.view(of: bytes).flatMap(PythonText.utf8)
    }

    /// The next message, owned by the caller, and what to grant for it; nil when none is complete.
    mutating func next() -> (content: PythonObject, isText: Bool, grant: Int?)? {
        guard first < messages.count else { return nil }
        let message = messages[first]
        first += 1
        var byteCount = message.byteCount
        if first == messages.count {
            messages.removeAll(keepingCapacity: true)
            first = 0
            byteCount += heldBack
            heldBack = 0
        } else if first == 64 {
            messages.removeFirst(first)
            first = 0
        }
        return (message.content, message.isText, window.took(byteCount))
    }

    /// Forgets all of them.
    mutating func drop() {
        for message in messages[first...] { Py_DecRef(message.content) }
        messages = []
        first = 0
        dropPartial()
    }

    /// Forgets what has come of the message that is not complete.
    mutating func dropPartial() {
        partial.drop()
        isWithinMessage = false
    }
}
