/// A strict, incremental decoder of the chunked transfer coding (RFC 9112 7.1).
///
///     chunk          = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
///     chunk-ext      = *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
///     last           = 1*"0" [ chunk-ext ] CRLF *( field-line CRLF ) CRLF
///
/// Lines end in CR and LF and nothing else. The white space that the grammar calls bad is read, as a recipient must
/// (RFC 9110 5.6.3), where it is before or after `;` or `=`; at the end of a line, after a bare size for instance, the
/// grammar has none, and it is refused. Extensions are checked, bounded by line and by body, and mean nothing; trailer
/// fields are checked, bounded and dropped, so that none becomes a header.
///
/// A decoder belongs to one request and is confined to its connection's event loop.
public struct ChunkedBodyDecoder: Sendable {
    enum Phase: UInt8 {
        case size, extensionName, extensionValue, extensionToken, extensionQuoted, extensionEscape, extensionQuoteEnd
        case spaceBeforeSemicolon, spaceBeforeEquals, sizeLineFeed, data, dataReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, finalLineFeed, complete, refused
    }

    private let limits: HTTPLimits
    private var phase = Phase.size
    private var remaining = 0
    private var digits = 0
    private var lineBytes = 0
    private var extensionBytes = 0
    private var elementBytes = 0
    private var trailerBytes = 0
    private var trailerFields = 0
    private var refusal: Refusal?

    /// Creates a decoder for one body.
    public init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits.normalized
    }

    /// Decodes the next bytes of the body.
    ///
    /// - Parameters:
    ///   - bytes: the bytes after those consumed by the earlier calls.
    ///   - onData: gets each run of the body's own bytes, which it may use during the call only.
    /// - Returns: how many bytes were consumed, all unless the body is complete; and whether it is.
    /// - Throws: a refusal of status 400 or 431, again at every later call.
    public mutating func decode(
        _ bytes: UnsafeRawBufferPointer,
        onData: (_ data: UnsafeRawBufferPointer) -> Void,
    ) throws(Refusal) -> (consumed: Int, isComplete: Bool) {
        if let refusal { throw refusal }
        var cursor = 0
        while cursor < bytes.count, phase != .complete {
            if phase == .data {
                let count = min(remaining, bytes.count - cursor)
                onData(UnsafeRawBufferPointer(rebasing: bytes[cursor..<(cursor + count)]))
                cursor += count
                remaining -= count
                if remaining == 0 { phase = .dataReturn }
                continue
            }
            do throws(Refusal) {
                try take(bytes[cursor])
            } catch {
                phase = .refused
                refusal = error
                throw error
            }
            cursor += 1
        }
        return (cursor, phase == .complete)
    }

    private mutating func take(_ byte: UInt8) throws(Refusal) {
        switch phase {
        case .size, .extensionName, .extensionValue, .extensionToken, .extensionQuoted, .extensionEscape,
            .extensionQuoteEnd, .spaceBeforeSemicolon, .spaceBeforeEquals, .sizeLineFeed:
            try takeOfSizeLine(byte)
        case .dataReturn:
            guard byte == .carriageReturn else { throw .badChunk("a chunk is longer than its size") }
            phase = .dataLineFeed
        case .dataLineFeed:
            guard byte == .lineFeed else { throw .badChunk("a chunk does not end in CR and LF") }
            startSizeLine()
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .finalLineFeed:
            try takeOfTrailer(byte)
        case .data, .complete, .refused:
            preconditionFailure("Invalid state: \(phase)")
        }
    }

    private mutating func startSizeLine() {
        phase = .size
        remaining = 0
        digits = 0
        lineBytes = 0
    }
}

extension ChunkedBodyDecoder {
    private mutating func takeOfSizeLine(_ byte: UInt8) throws(Refusal) {
        if phase == .sizeLineFeed {
            guard byte == .lineFeed else { throw .badChunk("a chunk size line does not end in CR and LF") }
            phase = remaining > 0 ? .data : .trailerStart
            return
        }
        if byte != .carriageReturn {
            lineBytes += 1
            guard lineBytes <= limits.chunkLineBytes else { throw .badChunk("a chunk size line is too long") }
            if phase != .size || byte.hexadecimalValue == nil {
                extensionBytes += 1
                guard extensionBytes <= limits.chunkExtensionBytes else {
                    throw .badChunk("the chunk extensions of a body are too many")
                }
            }
        }
        switch phase {
        case .size:
            if let value = byte.hexadecimalValue {
                let (product, overflow) = remaining.multipliedReportingOverflow(by: 16)
                guard !overflow else { throw .badChunk("a chunk size is beyond any limit") }
                remaining = product + Int(value)
                digits += 1
            } else {
                guard digits > 0 else { throw .badChunk("a chunk size is not a hexadecimal number") }
                try endSizeLinePart(byte, "a chunk size is not a hexadecimal number")
            }
        case .extensionName:
            if ByteClass.isToken(byte) {
                elementBytes += 1
            } else if byte == .equals, elementBytes > 0 {
                phase = .extensionValue
            } else if byte.isSpaceOrTab {
                if elementBytes > 0 { phase = .spaceBeforeEquals }
            } else {
                guard elementBytes > 0 else { throw .badChunk("a chunk extension has no name") }
                try endSizeLinePart(byte, "a chunk extension is malformed")
            }
        case .extensionValue:
            if byte == .quote {
                phase = .extensionQuoted
            } else if !byte.isSpaceOrTab {
                guard ByteClass.isToken(byte) else { throw .badChunk("a chunk extension has no value") }
                phase = .extensionToken
            }
        case .extensionToken:
            if !ByteClass.isToken(byte) { try endSizeLinePart(byte, "a chunk extension is malformed") }
        case .extensionQuoted, .extensionEscape:
            guard ByteClass.isFieldText(byte) else { throw .badChunk("a chunk extension holds a control character") }
            if phase == .extensionEscape {
                phase = .extensionQuoted
            } else if byte == .backslash {
                phase = .extensionEscape
            } else if byte == .quote {
                phase = .extensionQuoteEnd
            }
        case .extensionQuoteEnd:
            try endSizeLinePart(byte, "a chunk extension is malformed")
        case .spaceBeforeEquals where byte == .equals:
            phase = .extensionValue
        case .spaceBeforeSemicolon, .spaceBeforeEquals:
            guard !byte.isSpaceOrTab else { return }
            guard byte == .semicolon else { throw .badChunk("white space in a chunk size line is not before ; or =") }
            try endSizeLinePart(byte, "a chunk extension is malformed")
        case .sizeLineFeed, .data, .dataReturn, .dataLineFeed, .trailerStart, .trailerName, .trailerValue,
            .trailerLineFeed, .finalLineFeed, .complete, .refused:
            preconditionFailure("Invalid state: \(phase)")
        }
    }

    private mutating func endSizeLinePart(_ byte: UInt8, _ message: String) throws(Refusal) {
        switch byte {
        case .carriageReturn:
            phase = .sizeLineFeed
        case .semicolon:
            elementBytes = 0
            phase = .extensionName
        case .space, .tab:
            phase = .spaceBeforeSemicolon
        default:
            throw .badChunk(message)
        }
    }

    private mutating func takeOfTrailer(_ byte: UInt8) throws(Refusal) {
        trailerBytes += 1
        guard trailerBytes <= limits.trailerBytes else {
            throw Refusal(status: 431, cause: .trailerTooLarge, message: "the trailer section is too large")
        }
        switch phase {
        case .trailerStart:
            if byte == .carriageReturn {
                phase = .finalLineFeed
                return
            }
            guard ByteClass.isToken(byte) else { throw .badTrailer("a trailer field has no name") }
            trailerFields += 1
            guard trailerFields <= limits.fieldCount else {
                throw Refusal(status: 431, cause: .trailerTooLarge, message: "there are too many trailer fields")
            }
            phase = .trailerName
        case .trailerName:
            if byte == .colon {
                phase = .trailerValue
            } else if !ByteClass.isToken(byte) {
                throw .badTrailer("a trailer field name holds a byte that is not allowed there")
            }
        case .trailerValue:
            if byte == .carriageReturn {
                phase = .trailerLineFeed
            } else if !ByteClass.isFieldText(byte) {
                throw .badTrailer("a trailer field value holds a control character")
            }
        case .trailerLineFeed, .finalLineFeed:
            guard byte == .lineFeed else { throw .badTrailer("a trailer line does not end in CR and LF") }
            phase = phase == .finalLineFeed ? .complete : .trailerStart
        case .size, .extensionName, .extensionValue, .extensionToken, .extensionQuoted, .extensionEscape,
            .extensionQuoteEnd, .spaceBeforeSemicolon, .spaceBeforeEquals, .sizeLineFeed, .data, .dataReturn,
            .dataLineFeed, .complete, .refused:
            preconditionFailure("Invalid state: \(phase)")
        }
    }
}

extension Refusal {
    fileprivate static func badChunk(_ message: String) -> Refusal { .bad(.badChunk, message) }

    fileprivate static func badTrailer(_ message: String) -> Refusal { .bad(.badTrailer, message) }
}
