internal import NIOCore

/// The part of a response's body that its client has not taken yet.
///
/// A worker's thread never waits for a client: what the client can't take waits here, in memory up to a limit, then in a
/// spool file. Confined to the front's loop.
struct ResponseBacklog {
    private enum Part {
        case memory(ByteBuffer)
        case file(SpoolFile, offset: Int, end: Int)
    }

    /// Pieces are joined up to this size.
    private static let joinedBytes = 64 << 10

    private var parts: CircularBuffer<Part> = []
    private var spool: SpoolFile?
    /// Bytes in memory.
    private(set) var memoryBytes = 0
    /// Bytes in memory and in files.
    private(set) var byteCount = 0

    var isEmpty: Bool { parts.isEmpty }
    /// Whether some of it is in a file of ours.
    var isSpooled: Bool { spool != nil }

    /// Appends bytes, to memory while that holds less than `memoryLimit`, else to a spool file in `directory`.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer,
        memoryLimit: Int,
        directory: String,
        budget: SpoolBudget? = nil,
        allocator: ByteBufferAllocator
    ) throws(SpoolError) {
        guard !bytes.isEmpty else { return }
        if spool == nil, memoryBytes + bytes.count <= memoryLimit {
            if case .memory(var last) = parts.last, last.readableBytes < Self.joinedBytes {
                // Taken out first, so that it is changed in place: many small pieces cost what one large one does.
                parts.removeLast()
                last.writeBytes(bytes)
                parts.append(.memory(last))
            } else {
                var buffer = allocator.buffer(capacity: bytes.count)
                buffer.writeBytes(bytes)
                parts.append(.memory(buffer))
            }
            memoryBytes += bytes.count
        } else {
            let file: SpoolFile
            if let spool {
                file = spool
            } else {
                file = try SpoolFile(in: directory, budget: budget, waitsForRoom: true)
                spool = file
            }
            let start = file.byteCount
            try file.append(bytes)
            if case .file(let last, let offset, let end) = parts.last, last === file, end == start {
                parts[parts.index(before: parts.endIndex)] = .file(file, offset: offset, end: file.byteCount)
            } else {
                parts.append(.file(file, offset: start, end: file.byteCount))
            }
        }
        byteCount += bytes.count
    }

    /// Appends a part of a file that was handed over.
    mutating func append(_ file: SpoolFile, offset: Int, count: Int) {
        guard count > 0 else { return }
        parts.append(.file(file, offset: offset, end: offset + count))
        byteCount += count
    }

    /// Takes at most about `most` bytes from the front; nil when nothing is left.
    ///
    /// - Throws: ``SpoolError`` when a file can't be read, or is shorter than it was said to be.
    mutating func next(_ most: Int, allocator: ByteBufferAllocator) throws(SpoolError) -> ByteBuffer? {
        guard let part = parts.first else { return nil }
        switch part {
        case .memory(let buffer):
            parts.removeFirst()
            memoryBytes -= buffer.readableBytes
            byteCount -= buffer.readableBytes
            return buffer
        case .file(let file, let offset, let end):
            let count = min(most, end - offset)
            var buffer = allocator.buffer(capacity: count)
            var failure: SpoolError?
            let got = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
                do throws(SpoolError) {
                    return try file.read(at: offset, into: .init(rebasing: room[..<count]))
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            guard got > 0 else { throw SpoolError("read a file that was cut short", code: 5 /* EIO */) }
            byteCount -= got
            if offset + got == end {
                parts.removeFirst()
                // Read to its end: the next slow spell starts in memory again.
                if parts.isEmpty { spool = nil }
            } else {
                parts[parts.startIndex] = .file(file, offset: offset + got, end: end)
            }
            return buffer
        }
    }

    /// Drops everything.
    mutating func removeAll() {
        self = ResponseBacklog()
    }
}
