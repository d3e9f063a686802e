extension ResponseEncoder {
    /// What the last chunk and the empty line add to the trailer fields.
    private static let addedTrailerBytes = 8

    /// Returns a size that the end of a chunked body fits in with these trailer fields.
    public static func maximumTrailerByteCount(payloadByteCount: Int) -> Int { payloadByteCount + addedTrailerBytes }

    /// Writes the end of a chunked body: the last chunk and the trailer fields (RFC 9112 7.1.2).
    ///
    /// - Parameters:
    ///   - payload: the worker's fields, as they stand in the frame of a head, up to its end.
    ///   - isForbidden: whether a field of this name may not stand here (RFC 9110 6.5.1).
    ///   - output: memory of at least ``maximumTrailerByteCount(payloadByteCount:)`` bytes.
    /// - Returns: the bytes written.
    /// - Throws: a violation, and `output` is then undefined; nothing of it may be sent.
    /// - Precondition: `output` is large enough.
    public static func encodeTrailers(
        _ payload: UnsafeRawBufferPointer,
        isForbidden: (_ name: UnsafeRawBufferPointer) -> Bool,
        into output: UnsafeMutableRawBufferPointer
    ) throws(ResponseViolation) -> Int {
        guard let memory = output.baseAddress,
            output.count >= maximumTrailerByteCount(payloadByteCount: payload.count)
        else { preconditionFailure("the output is smaller than maximumTrailerByteCount") }
        var writer = ByteWriter(memory)
        writer.put("0\r\n")
        var cursor = 0
        while cursor < payload.count {
            let (name, value) = try field(of: payload, at: &cursor)
            _ = try checked(name, value)
            guard !isForbidden(name) else {
                throw ResponseViolation(.badTrailer, "the response has a trailer field that may not be one")
            }
            writer.put(name)
            writer.put(": ")
            writer.put(value)
            writer.putLineEnd()
        }
        writer.putLineEnd()
        return writer.count
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are a `TE` field that has the sender take trailer fields (RFC 9110 10.1.4).
    public var namesTrailers: Bool {
        var members = ListMembers(self)
        while let member = members.next() {
            if let base = member.baseAddress, ByteScan.matches(base, count: member.count, "trailers") { return true }
        }
        return false
    }
}
