/// The bounds of one request's head and of the lines of a chunked body, in bytes and counts.
///
/// Values below 1 mean 1; values above one gibibyte mean one gibibyte. The bounds of bodies and of time belong to
/// the connection, not to the codec.
public struct HTTPLimits: Sendable, Equatable {
    /// The bytes of a whole head, from the first byte to the last line feed.
    ///
    /// The at most two empty lines before the request line count too. One byte more is answered 431. The default is
    /// 32,768.
    public var headerBytes = 32_768

    /// The number of fields of a head, and of a trailer section.
    ///
    /// One more is answered 431. The default is 100.
    public var fieldCount = 100

    /// The bytes of the request target as sent.
    ///
    /// One more is answered 414. The default is 8,190.
    public var targetBytes = 8_190

    /// The bytes of a chunk's size and extensions, without the line's end.
    ///
    /// One more is answered 400. The default is 256.
    public var chunkLineBytes = 256

    /// The bytes of all chunk extensions of one body: of its size lines, what is no digit of a size.
    ///
    /// One more is answered 400. The default is 8,192.
    public var chunkExtensionBytes = 8_192

    /// The bytes of a trailer section, with line ends.
    ///
    /// One more is answered 431. The default is 8,192.
    public var trailerBytes = 8_192

    /// Creates the default bounds.
    public init() {}

    /// The same bounds brought into the range the parsers' arithmetic relies on.
    var normalized: HTTPLimits {
        var limits = self
        let range = 1...(1 << 30)
        limits.headerBytes = headerBytes.clamped(to: range)
        limits.fieldCount = fieldCount.clamped(to: range)
        limits.targetBytes = targetBytes.clamped(to: range)
        limits.chunkLineBytes = chunkLineBytes.clamped(to: range)
        limits.chunkExtensionBytes = chunkExtensionBytes.clamped(to: range)
        limits.trailerBytes = trailerBytes.clamped(to: range)
        return limits
    }
}

extension Int {
    fileprivate func clamped(to range: ClosedRange<Int>) -> Int {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
