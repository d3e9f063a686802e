/// The head of a page of HTML, made ready for something to follow the page.
///
/// What is appended to a body makes the application's Content-Length wrong, its validators and digests too, and the
/// result is nobody's to keep. A head of anything but a whole page in plain HTML is left alone.
public struct ExtensiblePage: Sendable, Equatable {
    /// The head without those fields and with `Cache-Control: no-store`, in the form of ``ResponseHead``.
    public let payload: [UInt8]

    /// The application's own Content-Length; nil where it gave none.
    public let announcedLength: Int?

    /// Fields that are about the body as it was.
    private static let outdated: [StaticString] = [
        "content-length", "etag", "last-modified", "cache-control", "expires", "accept-ranges", "content-md5",
        "digest", "content-digest", "repr-digest",
    ]

    /// Creates the head that is to be sent instead of this one.
    ///
    /// Nil unless the status is 200, the type is `text/html`, the body has no content coding, and it is not to be saved
    /// as a file; nil also where the head is malformed, which whoever encodes it will say.
    ///
    /// - Parameter payload: The worker's head; see ``ResponseHead`` for its form.
    public init?(payload: UnsafeRawBufferPointer) {
        guard payload.count >= ResponseHead.fixedBytes, payload.littleEndian16(at: 0) == 200 else { return nil }
        var cursor = ResponseHead.fixedBytes + Int(payload.littleEndian16(at: 2))
        guard cursor <= payload.count else { return nil }
        var edited = Array(payload[..<cursor])
        var kept: UInt16 = 1
        var length: Int?
        var isHTML = false
        for _ in 0..<Int(payload.littleEndian16(at: 4)) {
            guard payload.count - cursor >= 8 else { return nil }
            let nameStart = cursor + 8
            let nameCount = Int(payload.littleEndian16(at: cursor))
            let valueCount = Int(payload.littleEndian32(at: cursor + 4))
            guard payload.count - nameStart >= nameCount + valueCount else { return nil }
            let end = nameStart + nameCount + valueCount
            let name = UnsafeRawBufferPointer(rebasing: payload[nameStart..<(nameStart + nameCount)])
            let value = UnsafeRawBufferPointer(rebasing: payload[(nameStart + nameCount)..<end]).trimmed
            func isNamed(_ text: StaticString) -> Bool { Self.matches(name, text) }
            if isNamed("content-type") {
                isHTML = Self.matches(Self.firstPart(of: value), "text/html")
            } else if isNamed("content-length") {
                guard let number = Self.number(value), length == nil || length == number else { return nil }
                length = number
            } else if isNamed("content-encoding"), !Self.matches(value, "identity") {
                return nil
            } else if isNamed("content-disposition"), Self.matches(Self.firstPart(of: value), "attachment") {
                return nil
            }
            if !Self.outdated.contains(where: isNamed) {
                edited += payload[cursor..<end]
                kept += 1
            }
            cursor = end
        }
        guard isHTML, cursor == payload.count else { return nil }
        Self.append("Cache-Control", "no-store", to: &edited)
        edited[4] = UInt8(truncatingIfNeeded: kept)
        edited[5] = UInt8(truncatingIfNeeded: kept >> 8)
        self.payload = edited
        announcedLength = length
    }

    private static func append(_ name: String, _ value: String, to head: inout [UInt8]) {
        let (names, values) = (name.utf8.count, value.utf8.count)
        head += [UInt8(names), 0, 0, 0, UInt8(values), 0, 0, 0]
        head += name.utf8
        head += value.utf8
    }

    private static func matches(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        return bytes.count == text.utf8CodeUnitCount && ByteScan.matches(base, count: bytes.count, text)
    }

    /// What stands before the parameters: `text/html` of `text/html; charset=utf-8`.
    private static func firstPart(of value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: value.prefix { $0 != UInt8(ascii: ";") }).trimmed
    }

    private static func number(_ value: UnsafeRawBufferPointer) -> Int? {
        // Eighteen digits fit whatever they are.
        guard (1...18).contains(value.count), value.allSatisfy({ $0.decimalValue != nil }) else { return nil }
        return value.reduce(0) { $0 * 10 + Int($1 - .zero) }
    }
}
