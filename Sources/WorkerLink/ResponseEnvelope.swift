/// The payload of a ``FrameKind/response`` frame.
///
/// ```
///   0  headBytes u32 · reserved u32
///   8  bodyBytes u64     the whole body's length when the worker knows it, else UInt64.max
///  16  takenAt u64       CLOCK_MONOTONIC nanoseconds: when the thread took the request, before it had the GIL
///  24  head: status u16 · reasonLength u16 · fieldCount u16 · reserved u16 · reason
///      then each field: nameLength u16 · reserved u16 · valueLength u32 · name · value
///   …  the first bytes of the body
/// ```
///
/// With the flag ``FrameHeader/isWhole`` the frame is the whole response.
public enum ResponseEnvelope {
    /// Bytes before the head.
    public static let fixedBytes = 24
    /// ``Reader/bodyBytes`` of a response whose length nobody knows yet.
    public static let unknownLength = UInt64.max

    /// Stores the fixed part; the head and the first body bytes follow it.
    public static func store(headBytes: Int, bodyBytes: UInt64, takenAt: UInt64, to base: UnsafeMutableRawPointer) {
        base.storeBytes(of: UInt32(truncatingIfNeeded: headBytes), toByteOffset: 0, as: UInt32.self)
        base.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
        base.storeBytes(of: bodyBytes, toByteOffset: 8, as: UInt64.self)
        base.storeBytes(of: takenAt, toByteOffset: 16, as: UInt64.self)
    }

    /// Reads the fixed part of a frame from a worker, which is a stranger.
    public struct Reader {
        /// The whole body's length if the worker knew it.
        public let bodyBytes: UInt64
        /// When the thread took the request, as the worker says: to be clamped.
        public let takenAt: UInt64
        /// The head, in shared memory: copy it before checking it.
        public let head: UnsafeRawBufferPointer
        /// The status that the head names; 0 when it names none.
        ///
        /// Copied: it cannot change any more.
        public let status: UInt16
        /// The first bytes of the body, in shared memory.
        public let body: UnsafeRawBufferPointer

        /// Creates a reader over a frame's payload.
        ///
        /// - Throws: ``LinkViolation/malformedPayload`` when the head's length doesn't fit the payload.
        public init(_ payload: UnsafeRawBufferPointer) throws(LinkViolation) {
            guard payload.count >= ResponseEnvelope.fixedBytes else { throw .malformedPayload }
            let headBytes = Int(payload.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
            guard headBytes <= payload.count - ResponseEnvelope.fixedBytes else { throw .malformedPayload }
            bodyBytes = payload.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            takenAt = payload.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
            let bodyStart = ResponseEnvelope.fixedBytes + headBytes
            head = UnsafeRawBufferPointer(rebasing: payload[ResponseEnvelope.fixedBytes..<bodyStart])
            status = head.count >= 2 ? head.loadUnaligned(as: UInt16.self) : 0
            body = UnsafeRawBufferPointer(rebasing: payload[bodyStart...])
        }
    }
}

/// The payload of a ``FrameKind/file`` frame: `offset u64 · count u64`.
public enum FileEnvelope {
    /// Bytes of the payload.
    public static let byteCount = 16

    /// Stores the part of the file that is the rest of the body.
    public static func store(offset: UInt64, count: UInt64, to base: UnsafeMutableRawPointer) {
        base.storeBytes(of: offset, toByteOffset: 0, as: UInt64.self)
        base.storeBytes(of: count, toByteOffset: 8, as: UInt64.self)
    }

    /// Reads the payload.
    ///
    /// - Throws: ``LinkViolation/malformedPayload`` when it has another length, or numbers no file has.
    public static func load(_ payload: UnsafeRawBufferPointer) throws(LinkViolation) -> (offset: Int, count: Int) {
        guard payload.count == byteCount,
            let offset = Int(exactly: payload.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            let count = Int(exactly: payload.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            !offset.addingReportingOverflow(count).overflow
        else { throw .malformedPayload }
        return (offset, count)
    }
}
