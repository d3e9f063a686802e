internal import HTTPCodec
internal import Logging
internal import NIOCore
internal import WorkerLink

/// To the client's socket: what is written at once, and what has to wait.
extension HTTP1Connection {
    /// The most that is read from a file for one write.
    private static let fileChunkBytes = 128 << 10

    func write(_ buffer: ByteBuffer) {
        needsFlush = true
        context?.write(wrapOutboundOut(buffer), promise: nil)
    }

    func flush() {
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }

    /// Writes `count` bytes of the body, which lie in pieces in shared memory, and `head` before them.
    func writeBody(_ pieces: [UnsafeRawBufferPointer], _ count: Int, behind head: ByteBuffer) {
        guard let context else { return }
        let end: StaticString = response.framing == .chunked ? "\r\n" : ""
        let tail = UnsafeRawBufferPointer(start: end.utf8Start, count: end.utf8CodeUnitCount)
        var before = head
        if response.framing == .chunked { before.writeChunkHeader(count) }
        var sent = 0
        if count >= DirectSocket.smallestBytes {
            flush()
            sent = before.withUnsafeReadableBytes { socket.send($0, pieces, tail, to: context.channel) }
        }
        let all = before.readableBytes + count + tail.count
        guard sent < all else { return }
        var rest = context.channel.allocator.buffer(capacity: all - sent)
        before.withUnsafeReadableBytes { rest.writeRest(after: sent, of: $0, pieces, tail) }
        write(rest)
    }

    private func writeBody(_ buffer: ByteBuffer) {
        guard response.framing == .chunked, let context else {
            write(buffer)
            return
        }
        var header = context.channel.allocator.buffer(capacity: 24)
        header.writeChunkHeader(buffer.readableBytes)
        write(header)
        write(buffer)
        write(ByteBuffer(staticString: "\r\n"))
    }

    /// Sends what waits, as far as the client takes it.
    func drainBacklog() {
        // A flush that empties the socket's buffer tells so at once, in here.
        guard !isDrainingBacklog, !backlog.isEmpty, let context else { return }
        isDrainingBacklog = true
        let memoryBytes = backlog.memoryBytes
        defer {
            isDrainingBacklog = false
            core.backlogMemory += backlog.memoryBytes - memoryBytes
            if let exchange {
                if exchange.isStream {
                    core.dispatcher.took(exchange)
                } else if isHeldBack, !isFull {
                    isHeldBack = false
                    core.dispatcher.resume(exchange)
                }
            }
        }
        while !backlog.isEmpty, phase == .exchange {
            while context.channel.isWritable, !backlog.isEmpty {
                do throws(SpoolError) {
                    guard let buffer = try backlog.next(Self.fileChunkBytes, allocator: context.channel.allocator)
                    else { break }
                    writeBody(buffer)
                } catch {
                    core.logger.error("a response could not be read back", metadata: ["error": "\(error)"])
                    breakOff()
                    return
                }
            }
            flush()
            if !context.channel.isWritable { break }
        }
        if backlog.isEmpty, response.isComplete, phase == .exchange { finishResponse() }
    }

    /// Whether so much waits for the client that the thread has to.
    var isFull: Bool {
        let isFull =
            backlog.byteCount > core.configuration.responseSpoolBytes || (backlog.isSpooled && core.spool.isFull)
        // Room may come from elsewhere: it is remembered who waits for it.
        if isFull { isHeldBack = true }
        return isFull
    }

    var unsentBytes: Int {
        backlog.byteCount + ((try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0)
    }
}

extension ByteBuffer {
    fileprivate mutating func writeChunkHeader(_ length: Int) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: ChunkHeader.maximumByteCount) {
            ChunkHeader.write(length: length, into: $0)
        }
    }
}
