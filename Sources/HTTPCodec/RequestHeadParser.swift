/// A strict, incremental parser of HTTP/1.0 and HTTP/1.1 request heads (RFC 9112, RFC 9110).
///
/// The owner keeps the bytes of a connection and calls ``parse(_:)`` with all bytes since the request began, each
/// time more have come. The parser goes on where it stopped, so a head that trickles in costs as much as one that
/// comes at once; and it looks at each byte in order, so the outcome is the same wherever the bytes were cut.
///
///     leadingLines ──▶ method ──▶ target ──▶ version ──▶ fieldStart ──▶ complete
///                                                         │      ▲
///                                                         ▼      │
///                                                     fieldName ─▶ value
///
/// Every phase may go to `refused`, which is final until ``reset()``. What a part means is judged as soon as that
/// part ends (`RequestHeadParser+Judgement.swift`), and the whole at the end of the head.
///
/// A parser belongs to one connection and is confined to its event loop. It allocates when a head has more fields
/// than any before it, and at no other time.
public struct RequestHeadParser: Sendable {
    enum Phase: UInt8 {
        case leadingLines, method, target, version, fieldStart, fieldName, value, complete, refused
    }

    /// The head, whole once ``parse(_:)`` said `complete`; its spans refer to the bytes of that call.
    public internal(set) var head = RequestHead()

    /// The longest method that is passed on; a longer one is answered 501 (RFC 9112 3).
    static let longestMethod = 64

    /// The empty lines skipped before a request line; RFC 9112 2.2 asks for at least one.
    static let mostLeadingLines = 2

    let limits: HTTPLimits
    var phase = Phase.leadingLines
    var cursor = 0
    var elementStart = 0
    var nameEnd = 0
    var nameClasses: UInt8 = 0
    var leadingLines = 0
    var notes = HeadNotes()
    var refusal: Refusal?

    /// Creates a parser that is ready for a request.
    public init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits.normalized
        head.fields.reserveCapacity(32)
    }

    /// Makes the parser ready for the next request; the storage of the fields is kept.
    public mutating func reset() {
        head.reset()
        phase = .leadingLines
        cursor = 0
        leadingLines = 0
        notes = HeadNotes()
        refusal = nil
    }

    /// Goes on with a head whose first bytes are `bytes`.
    ///
    /// - Parameter bytes: all bytes from the request's first one on: those of the earlier calls, and more. Bytes
    ///   after the head are not looked at.
    /// - Returns: what is known now. After `complete` and `refused` the same is returned until ``reset()``.
    /// - Complexity: O(number of new bytes), over all calls for a head.
    public mutating func parse(_ bytes: UnsafeRawBufferPointer) -> HeadOutcome {
        if let refusal { return .refused(refusal) }
        if phase == .complete { return .complete(byteCount: cursor) }
        guard let base = bytes.baseAddress else { return .incomplete }
        let end = min(bytes.count, limits.headerBytes)
        do throws(Refusal) {
            if try scan(base, end) { return .complete(byteCount: cursor) }
            if bytes.count >= limits.headerBytes { throw tooLarge() }
            return .incomplete
        } catch {
            phase = .refused
            refusal = error
            return .refused(error)
        }
    }

    @inline(__always)
    private mutating func scan(_ base: UnsafeRawPointer, _ end: Int) throws(Refusal) -> Bool {
        if phase.rawValue < Phase.fieldStart.rawValue {
            guard try scanRequestLine(base, end) else { return false }
        }
        guard try scanFields(base, end) else { return false }
        try concludeHead(base)
        phase = .complete
        return true
    }

    private func tooLarge() -> Refusal {
        if phase == .target {
            return Refusal(status: 414, cause: .targetTooLong, message: "the request target is too long")
        }
        return Refusal(status: 431, cause: .headTooLarge, message: "the request head is too large")
    }
}
