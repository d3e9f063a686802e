internal import NIOCore
internal import Telemetry
internal import WebSocketCodec
internal import WorkerLink

/// From the client's frames to the app's messages.
extension WebSocketConnection {
    /// Goes as far as the bytes reach and the app takes them.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while phase == .open, inbound.readableBytes > 0 || isHeldUp, !conversation.isClosed {
            // After our close frame messages are read for nobody.
            if conversation.isOpen, let stream, !core.dispatcher.mayReceive(stream) {
                // The kernel's buffers fill, then the client waits.
                inbound.discardReadBytes()
                setReading(false)
                return
            }
            guard step() else { break }
        }
        guard phase == .open else {
            inbound = ByteBuffer()
            return
        }
        if inbound.readableBytes == 0 { inbound = ByteBuffer() } else { inbound.discardReadBytes() }
        if inputIsClosed {
            perform(conversation.lost())
        } else {
            setReading(true)
        }
    }

    /// Reads on until something has happened.
    ///
    /// - Returns: Whether there may be more.
    private func step() -> Bool {
        if isHeldUp {
            inflateOn()
            return true
        }
        // What is kept of a compressed message is decompressed already, and lies elsewhere.
        let kept = inflating == nil ? partial.readableBytes : 0
        let room = UnsafeMutableRawBufferPointer(
            rebasing: core.messageRoom[..<(LinkGeometry.loopChunkBytes - kept)]
        )
        var violation: WebSocketViolation?
        let step = inbound.readWithUnsafeReadableBytes { bytes -> (Int, MessageReader.Step?) in
            do throws(WebSocketViolation) {
                let step = try reader.read(bytes, into: room)
                return (step.consumed, step)
            } catch {
                violation = error
                return (0, nil)
            }
        }
        guard let step else {
            if let violation { perform(conversation.violated(violation)) }
            return false
        }
        var produced = UnsafeRawBufferPointer(rebasing: room[..<step.produced])
        if reader.isCompressed {
            let isWhole = step.event == .message
            if isWhole || !produced.isEmpty { inflate(produced, isLast: isWhole) }
            produced = UnsafeRawBufferPointer(rebasing: produced[..<0])
        }
        switch step.event {
        case .message:
            if !reader.isCompressed { deliver(produced, continues: false) }
        case .outputIsFull:
            if !reader.isCompressed { deliver(produced, continues: true) }
        case .needsInput:
            keep(produced)
            return isHeldUp
        case .ping(let payload):
            keep(produced)
            // Of many pings while the client takes nothing the last one's answer is enough (RFC 6455 section 5.5.3).
            if context?.channel.isWritable == true {
                perform(conversation.pinged(payload))
            } else {
                pendingPong = payload
            }
        case .pong:
            keep(produced)
        case .close(let message):
            perform(conversation.clientClosed(message))
        }
        return true
    }

    func keep(_ bytes: UnsafeRawBufferPointer) {
        if !bytes.isEmpty, conversation.isOpen { partial.writeBytes(bytes) }
    }

    func deliver(_ bytes: UnsafeRawBufferPointer, continues: Bool) {
        guard conversation.isOpen, let stream else { return }
        partial.withUnsafeReadableBytes { kept in
            core.dispatcher.metrics.webSocketReceived(bytes: kept.count + bytes.count, isWhole: !continues)
            core.dispatcher.send(kept, bytes, isText: reader.isText, continues: continues, to: stream)
        }
        if partial.readableBytes > 0 { partial = ByteBuffer() }
    }

    func setReading(_ on: Bool) {
        guard isReading != on, let context else { return }
        isReading = on
        // Takes effect at once: the loop is this one. An error would mean that the channel is gone.
        try? context.channel.syncOptions?.setOption(.autoRead, value: on)
    }

    /// The client has closed its side: without a close frame it is lost, when all that it has sent was read.
    func inputClosed() {
        inputIsClosed = true
        switch phase {
        case .open: process()
        case .lingering: close()
        case .closed: break
        }
    }
}
