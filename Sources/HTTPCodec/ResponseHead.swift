/// A response head as a worker's frame holds it, read in place.
///
///     u16 status │ u16 reason length │ u16 field count │ u16 0 │ reason …
///     then for each field:  u16 name length │ u16 0 │ u32 value length │ name … │ value …
///
/// Numbers are little-endian and unaligned. The frame comes from a process that is not trusted: every length is
/// checked against the payload before it is used, and no violation is a trap.
///
/// A head borrows the payload: it is valid as long as the payload is neither freed nor written to. The worker must not
/// be able to write to it either, so the payload is a copy, not the shared ring itself.
public struct ResponseHead {
    /// The status, 200 to 599; 101 where that is allowed.
    public let status: Int

    /// The number of fields that the frame says it holds; ``ResponseEncoder`` checks that it does.
    public let fieldCount: Int

    /// The reason phrase within the payload, possibly empty.
    public let reason: ByteSpan

    /// The bytes of the frame.
    let payload: UnsafeRawBufferPointer

    /// The bytes before the reason phrase.
    static let fixedBytes = 8

    /// Reads the fixed part and the reason phrase.
    ///
    /// - Parameters:
    ///   - payload: the frame's.
    ///   - statuses: which there may be; an application answers no informational status, but accepts an upgrade with 101.
    /// - Throws: a violation where the payload is too short, the status is none of `statuses` or the reason phrase holds
    ///   a control character.
    public init(
        payload: UnsafeRawBufferPointer,
        statuses: ClosedRange<Int> = 200...599
    ) throws(ResponseViolation) {
        guard payload.count >= Self.fixedBytes else {
            throw ResponseViolation(.malformedFrame, "the response head is shorter than its fixed part")
        }
        let status = Int(payload.littleEndian16(at: 0))
        let reasonCount = Int(payload.littleEndian16(at: 2))
        guard payload.littleEndian16(at: 6) == 0, payload.count - Self.fixedBytes >= reasonCount else {
            throw ResponseViolation(.malformedFrame, "the response head is shorter than its reason phrase")
        }
        guard statuses.contains(status) else {
            throw ResponseViolation(
                .badStatus,
                "the response status \(status) is not between \(statuses.lowerBound) and \(statuses.upperBound)"
            )
        }
        reason = ByteSpan(start: Self.fixedBytes, count: reasonCount)
        for byte in reason.bytes(in: payload) where !ByteClass.isFieldText(byte) {
            throw ResponseViolation(.badReason, "the reason phrase holds a control character")
        }
        self.status = status
        self.fieldCount = Int(payload.littleEndian16(at: 4))
        self.payload = payload
    }
}

@available(*, unavailable)
extension ResponseHead: Sendable {}

extension UnsafeRawBufferPointer {
    func littleEndian16(at offset: Int) -> UInt16 {
        UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    func littleEndian32(at offset: Int) -> UInt32 {
        UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    func bigEndian16(at offset: Int) -> UInt16 {
        UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
}
