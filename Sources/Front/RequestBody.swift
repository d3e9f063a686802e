internal import NIOCore

/// A request's body, complete or on its way.
///
/// Confined to the front's loop.
///
/// WSGI gets the whole body or nothing: it is collected here, so that no thread of Python waits for a client.
struct RequestBody {
    /// Bytes kept in memory; empty once there is a file.
    private(set) var memory = ByteBuffer()
    /// The whole body, once it outgrew the memory.
    private(set) var file: SpoolFile?
    /// Bytes so far.
    private(set) var byteCount = 0

    /// A body that is all there.
    init(_ memory: ByteBuffer = ByteBuffer()) {
        self.memory = memory
        byteCount = memory.readableBytes
    }

    /// Appends bytes; beyond `memoryLimit` the body moves to a spool file in `directory`.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer,
        memoryLimit: Int,
        directory: String,
        budget: SpoolBudget? = nil
    ) throws(SpoolError) {
        byteCount += bytes.count
        if let file {
            try file.append(bytes)
        } else if byteCount <= memoryLimit {
            memory.writeBytes(bytes)
        } else {
            let file = try SpoolFile(in: directory, budget: budget)
            var failure: SpoolError?
            memory.withUnsafeReadableBytes { kept in
                do throws(SpoolError) { try file.append(kept) } catch { failure = error }
            }
            if let failure { throw failure }
            try file.append(bytes)
            memory = ByteBuffer()
            self.file = file
        }
    }
}

extension RequestBody {
    /// Moves what is in memory to a file.
    mutating func moveToFile(in directory: String, budget: SpoolBudget? = nil) throws(SpoolError) {
        let moved = memory
        byteCount = 0
        memory = ByteBuffer()
        var failure: SpoolError?
        moved.withUnsafeReadableBytes { bytes in
            do throws(SpoolError) {
                try append(bytes, memoryLimit: 0, directory: directory, budget: budget)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
