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

    var isCompressing: Bool { compression != nil }

    func message(_ pieces: [UnsafeRawBufferPointer], isText: Bool, continues: Bool) {
        guard conversation.isOpen, let context else { return }
        let isFirst = !isWithinMessage
        let payload = deflated(pieces, isFirst: isFirst, continues: continues)
        let isCompressed = isFirst && isDeflating
        let opcode: Opcode = isWithinMessage ? .continuation : isText ? .text : .binary
        let count = payload.byteCount
        isWithinMessage = continues
        account.sentBytes += count
        core.dispatcher.metrics.webSocketSent(bytes: pieces.byteCount, isWhole: !continues)
        if count >= DirectSocket.smallestBytes {
            writeLarge(payload, count, opcode, isFinal: !continues, isCompressed: isCompressed, context.channel)
            return
        }
        if outgoing.readableBytes + count > Self.gatheredBytes { handOver() }
        if outgoing.storageCapacity == 0 {
            outgoing = context.channel.allocator.buffer(capacity: count + FrameWriter.greatestHead)
        }
        outgoing.writeWithUnsafeMutableBytes(minimumWritableBytes: FrameWriter.greatestHead) { room in
            guard let target = room.baseAddress else { return 0 }
            return FrameWriter.writeHead(
                opcode,
                isFinal: !continues,
                isCompressed: isCompressed,
                count: count,
                to: target
            )
        }
        for piece in payload { outgoing.writeBytes(piece) }
    }

    /// Writes a frame whose payload is worth a call of its own.
    private func writeLarge(
        _ payload: [UnsafeRawBufferPointer],
        _ count: Int,
        _ opcode: Opcode,
        isFinal: Bool,
        isCompressed: Bool,
        _ channel: any Channel
    ) {
        flush()
        withUnsafeTemporaryAllocation(byteCount: FrameWriter.greatestHead, alignment: 1) { room in
            guard let target = room.baseAddress else { return }
            let headBytes = FrameWriter.writeHead(
                opcode,
                isFinal: isFinal,
                isCompressed: isCompressed,
                count: count,
                to: target
            )
            let head = UnsafeRawBufferPointer(start: target, count: headBytes)
            let none = UnsafeRawBufferPointer(start: nil, count: 0)
            let sent = socket.send(head, payload, none, to: channel)
            progress.wrote(sent)
            guard sent < headBytes + count else { return }
            outgoing = channel.allocator.buffer(capacity: headBytes + count - sent)
            outgoing.writeRest(after: sent, of: head, payload, none)
        }
    }

    /// Compresses a piece of a message where that was agreed on and helps.
    ///
    /// Whether it helps the message's first piece shows: pictures don't get smaller.
    ///
    /// - Returns: Valid until the next call.
    private func deflated(
        _ pieces: [UnsafeRawBufferPointer],
        isFirst: Bool,
        continues: Bool
    ) -> [UnsafeRawBufferPointer] {
        // One: they are not gathered.
        guard let compression, let bytes = pieces.first, pieces.count == 1 else { return pieces }
        if isFirst { isDeflating = continues || bytes.count >= Self.leastDeflated }
        guard isDeflating, let deflater = core.compression.deflater(windowBits: compression.windowBits) else {
            isDeflating = false
            return pieces
        }
        core.dispatcher.compressedBytes += bytes.count
        let deflated = deflater.deflate(bytes, endsMessage: !continues)
        if isFirst { isDeflating = deflated.count <= bytes.count - bytes.count / 16 }
        return isDeflating ? [deflated] : pieces
    }

    func paused() {
        flush()
        grant()
    }

    /// Lets the app send as much as the client has taken.
    func grant() {
        if let stream { core.dispatcher.took(stream) }
    }

    var unsentBytes: Int { outgoing.readableBytes + bufferedBytes }

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
