/// The bytes around the chunks of a response body (RFC 9112 7.1).
///
///     header: size in hexadecimal, CRLF │ the chunk's data │ end: CRLF        …        last: 0 CRLF CRLF
public enum ChunkHeader {
    /// The most bytes that a header takes.
    public static let maximumByteCount = 18

    /// The bytes after a chunk's data.
    public static let end: StaticString = "\r\n"

    /// The bytes that say the body is whole; they are never sent for one that is not.
    public static let last: StaticString = "0\r\n\r\n"

    /// Writes the header of a chunk.
    ///
    /// - Parameters:
    ///   - length: the bytes of the chunk's data, at least 1: a header of 0 would end the body.
    ///   - output: memory of at least ``maximumByteCount`` bytes.
    /// - Returns: the bytes written.
    public static func write(length: Int, into output: UnsafeMutableRawBufferPointer) -> Int {
        precondition(length > 0, "a chunk of no bytes would end the body")
        guard let memory = output.baseAddress, output.count >= maximumByteCount else {
            preconditionFailure("the output is smaller than maximumByteCount")
        }
        let digits = (Int.bitWidth - length.leadingZeroBitCount + 3) / 4
        var writer = ByteWriter(memory)
        for index in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: (length >> (index * 4)) & 0xF)
            writer.put(digit < 10 ? .zero + digit : 0x61 - 10 + digit)
        }
        writer.putLineEnd()
        return writer.count
    }
}
