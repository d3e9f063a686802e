internal import MessageCompression
internal import NIOCore
internal import Telemetry
internal import WebSocketCodec
internal import WorkerLink

/// From the app's messages to the client's socket.
extension WebSocketConnection: SocketOwner {
    /// Payloads up to this size are gathered to one write; larger ones are copied once only.
    private static let gatheredBytes = 16 << 10
    /// Messages below this size are not compressed: a quarter at most would be saved, in a packet that is sent anyway.
    private static let leastDeflated = 128

    func message(_ bytes: UnsafeRawBufferPointer, isText: Bool, continues: Bool) {
        guard conversation.isOpen, let context else { return }
        let isFirst = !isWithinMessage
        let payload = deflated(bytes, isFirst: isFirst, continues: continues)
        let isCompressed = isFirst && isDeflating
        let opcode: Opcode = isWithinMessage ? .continuation : isText ? .text : .binary
        isWithinMessage = continues
        account.sentBytes += payload.count
        core.dispatcher.metrics.webSocketSent(bytes: bytes.count, isWhole: !continues)
        if payload.count >= DirectSocket.smallestBytes {
            writeLarge(payload, opcode, isFinal: !continues, isCompressed: isCompressed, context.channel)
            return
        }
        if outgoing.readableBytes + payload.count > Self.gatheredBytes { handOver() }
        if outgoing.storageCapacity == 0 {
            outgoing = context.channel.allocator.buffer(capacity: payload.count + FrameWriter.greatestHead)
        }
        outgoing.writeWithUnsafeMutableBytes(minimumWritableBytes: FrameWriter.greatestHead) { room in
            guard let target = room.baseAddress else { return 0 }
            return FrameWriter.writeHead(
                opcode,
                isFinal: !continues,
                isCompressed: isCompressed,
                count: payload.count,
                to: target
            )
        }
        outgoing.writeBytes(payload)
    }

    /// Writes a frame whose payload is worth a call of its own.
    private func writeLarge(
        _ payload: UnsafeRawBufferPointer,
        _ opcode: Opcode,
        isFinal: Bool,
        isCompressed: Bool,
        _ channel: any Channel
    ) {
        flush()
        withUnsafeTemporaryAllocation(byteCount: FrameWriter.greatestHead, alignment: 1) { room in
            guard let target = room.baseAddress else { return }
            let count = FrameWriter.writeHead(
                opcode,
                isFinal: isFinal,
                isCompressed: isCompressed,
                count: payload.count,
                to: target
            )
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

    /// Compresses a piece of a message where that was agreed on and helps.
    ///
    /// Whether it helps the message's first piece shows: pictures don't get smaller.
    ///
    /// - Returns: Valid until the next call.
    private func deflated(
        _ bytes: UnsafeRawBufferPointer,
        isFirst: Bool,
        continues: Bool
    ) -> UnsafeRawBufferPointer {
        guard let compression else { return bytes }
        if isFirst { isDeflating = continues || bytes.count >= Self.leastDeflated }
        guard isDeflating, let deflater = core.compression.deflater(windowBits: compression.windowBits) else {
            isDeflating = false
            return bytes
        }
        core.dispatcher.compressedBytes += bytes.count
        let deflated = deflater.deflate(bytes, endsMessage: !continues)
        if isFirst { isDeflating = deflated.count <= bytes.count - bytes.count / 16 }
        return isDeflating ? deflated : bytes
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
