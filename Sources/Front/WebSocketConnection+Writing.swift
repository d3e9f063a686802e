internal import NIOCore
internal import Telemetry
internal import WebSocketCodec
internal import WorkerLink

/// From the app's messages to the client's socket.
extension WebSocketConnection: SocketOwner {
    /// Payloads up to this size are gathered to one write; larger ones are copied once only.
    private static let gatheredBytes = 16 << 10

    func message(_ bytes: UnsafeRawBufferPointer, isText: Bool, continues: Bool) {
        guard conversation.isOpen, let context else { return }
        let opcode: Opcode = isWithinMessage ? .continuation : isText ? .text : .binary
        isWithinMessage = continues
        account.sentBytes += bytes.count
        core.dispatcher.metrics.webSocketSent(bytes: bytes.count, isWhole: !continues)
        if bytes.count >= DirectSocket.smallestBytes {
            writeLarge(bytes, opcode, isFinal: !continues, context.channel)
            return
        }
        if outgoing.readableBytes + bytes.count > Self.gatheredBytes { handOver() }
        if outgoing.storageCapacity == 0 {
            outgoing = context.channel.allocator.buffer(capacity: bytes.count + FrameWriter.greatestHead)
        }
        outgoing.writeWithUnsafeMutableBytes(minimumWritableBytes: FrameWriter.greatestHead) { room in
            guard let target = room.baseAddress else { return 0 }
            return FrameWriter.writeHead(opcode, isFinal: !continues, count: bytes.count, to: target)
        }
        outgoing.writeBytes(bytes)
    }

    /// Writes a frame whose payload is worth a call of its own.
    private func writeLarge(
        _ payload: UnsafeRawBufferPointer,
        _ opcode: Opcode,
        isFinal: Bool,
        _ channel: any Channel
    ) {
        flush()
        withUnsafeTemporaryAllocation(byteCount: FrameWriter.greatestHead, alignment: 1) { room in
            guard let target = room.baseAddress else { return }
            let count = FrameWriter.writeHead(opcode, isFinal: isFinal, count: payload.count, to: target)
            let head = UnsafeRawBufferPointer(start: target, count: count)
            let sent = socket.send(
                head,
                payload,
                UnsafeRawBufferPointer(start: nil, count: 0),
                continues: stream?.messagesContinue ?? false,
                to: channel
            )
            progress.wrote(sent)
            guard sent < count + payload.count else { return }
            outgoing = channel.allocator.buffer(capacity: count + payload.count - sent)
            outgoing.writeRest(after: sent, of: head, payload)
        }
    }

    func paused() {
        flush()
        grant()
    }

    /// Lets the app send as much as the client has taken.
    func grant() {
        guard let stream, let context, context.channel.isWritable else { return }
        core.dispatcher.took(stream)
    }

    func mayGoOn() {
        guard phase == .open else { return }
        process()
        flush()
    }

    func write(_ frame: [UInt8]) {
        outgoing.writeBytes(frame)
    }

    /// Writes what is gathered.
    private func handOver() {
        guard outgoing.readableBytes > 0, let context else { return }
        progress.wrote(outgoing.readableBytes)
        needsFlush = true
        context.write(wrapOutboundOut(outgoing), promise: nil)
        outgoing = ByteBuffer()
    }

    func flush() {
        handOver()
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }
}
