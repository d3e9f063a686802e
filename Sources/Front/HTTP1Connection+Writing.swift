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

    /// Writes a part of the body that lies in shared memory, and `head` before it.
    func writeBody(_ bytes: UnsafeRawBufferPointer, behind head: ByteBuffer) {
        guard let context else { return }
        let end: StaticString = response.framing == .chunked ? "\r\n" : ""
        let tail = UnsafeRawBufferPointer(start: end.utf8Start, count: end.utf8CodeUnitCount)
        var before = head
        if response.framing == .chunked { before.writeChunkHeader(bytes.count) }
        var sent = 0
        if bytes.count >= DirectSocket.smallestBytes {
            flush()
            let continues = exchange?.bodyContinues ?? false && response.remaining != 0
            sent = before.withUnsafeReadableBytes {
                socket.send($0, bytes, tail, continues: continues, to: context.channel)
            }
        }
        let count = before.readableBytes + bytes.count + tail.count
        guard sent < count else { return }
        var rest = context.channel.allocator.buffer(capacity: count - sent)
        before.withUnsafeReadableBytes { rest.writeRest(after: sent, of: $0, bytes, tail) }
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
        let before = (memory: backlog.memoryBytes, all: backlog.byteCount)
        let wasFull = isFull
        defer {
            isDrainingBacklog = false
            core.backlogMemory += backlog.memoryBytes - before.memory
            if let exchange {
                if exchange.isStream {
                    core.dispatcher.took(
                        exchange,
                        before.all - backlog.byteCount,
                        isEverything: backlog.isEmpty
                    )
                } else if wasFull, !isFull {
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
    var isFull: Bool { backlog.byteCount > core.configuration.responseSpoolBytes }

    var backlogBytes: Int { backlog.byteCount }
}

extension ByteBuffer {
    fileprivate mutating func writeChunkHeader(_ length: Int) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: ChunkHeader.maximumByteCount) {
            ChunkHeader.write(length: length, into: $0)
        }
    }
}
