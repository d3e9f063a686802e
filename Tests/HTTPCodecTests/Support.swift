import HTTPCodec
import Testing

/// Returns text as bytes, one for each character of Latin-1.
func latin1(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}

/// Returns bytes as text, one character of Latin-1 for each.
func text(_ bytes: some Sequence<UInt8>) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
}

/// Calls `body` with a copy of the bytes that ends where its memory does, so that a sanitizer sees a read beyond it.
func withExactBytes<Result>(
    _ bytes: some Collection<UInt8>,
    _ body: (_ bytes: UnsafeRawBufferPointer) throws -> Result,
) rethrows -> Result {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    return try body(UnsafeRawBufferPointer(memory))
}

/// What came of a request, all of it as values.
enum RequestOutcome: Equatable {
    case incomplete
    case refused(Refusal)
    case answered(ParsedRequest)
}

/// A request as values, for comparison.
struct ParsedRequest: Equatable {
    var method = ""
    var target = ""
    var path = ""
    var query: String?
    var authority = ""
    var minorVersion = 1
    var fields: [[String]] = []
    var underscored: [String] = []
    var framing = BodyFraming.none
    var keepsAlive = true
    var expectsContinue = false
    var isHEAD = false
    var requestsUpgrade = false
    var body: [UInt8] = []
    var consumed = 0

    init(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer, consumed: Int) {
        func string(_ span: ByteSpan) -> String { text(span.bytes(in: bytes)) }
        method = string(head.method)
        target = string(head.target)
        path = string(head.path)
        query = head.hasQuery ? string(head.query) : nil
        authority = string(head.authority)
        minorVersion = head.minorVersion
        fields = head.fields.map { [string($0.name), string($0.value), "\($0.known)"] }
        underscored = head.fields.filter(\.hasUnderscore).map { string($0.name) }
        framing = head.framing
        keepsAlive = head.keepsAlive
        expectsContinue = head.expectsContinue
        isHEAD = head.isHEAD
        requestsUpgrade = head.requestsUpgrade
        self.consumed = consumed
    }
}

/// Plays a connection: the bytes arrive in pieces that end at `cuts`, and one request is read from them.
func outcome(of request: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()) -> RequestOutcome {
    var parser = RequestHeadParser(limits: limits)
    var decoder = ChunkedBodyDecoder(limits: limits)
    var parsed: ParsedRequest?
    for end in cuts + [request.count] {
        if parsed == nil {
            let refusal = withExactBytes(request[..<end]) { bytes -> Refusal? in
                switch parser.parse(bytes) {
                case .incomplete:
                    return nil
                case .refused(let refusal):
                    return refusal
                case .complete(let byteCount):
                    parsed = ParsedRequest(parser.head, bytes, consumed: byteCount)
                    return nil
                }
            }
            if let refusal { return .refused(refusal) }
        }
        guard var progress = parsed else { continue }
        switch progress.framing {
        case .none:
            return .answered(progress)
        case .length(let length):
            guard end - progress.consumed >= length else { continue }
            progress.body = Array(request[progress.consumed..<(progress.consumed + length)])
            progress.consumed += length
            return .answered(progress)
        case .chunked:
            do throws(Refusal) {
                let piece = Array(request[progress.consumed..<end])
                let step = try decode(piece, &decoder, &progress.body)
                progress.consumed += step.consumed
                if step.isComplete { return .answered(progress) }
                parsed = progress
            } catch {
                return .refused(error)
            }
        }
    }
    return .incomplete
}

func decode(
    _ piece: [UInt8],
    _ decoder: inout ChunkedBodyDecoder,
    _ body: inout [UInt8],
) throws(Refusal) -> (consumed: Int, isComplete: Bool) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: piece)
    var data: [UInt8] = []
    defer { body += data }
    return try decoder.decode(UnsafeRawBufferPointer(memory)) { data += $0 }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Returns the ways to cut bytes that a test goes through: whole, byte by byte, each single place, random pieces.
///
/// Of requests beyond 1 kB, 200 random single places are taken, since every place costs a parse of the whole.
func cuttings(of bytes: [UInt8], seed: UInt64) -> [[Int]] {
    var random = SeededGenerator(state: seed)
    var cuttings: [[Int]] = [[], Array(1..<max(bytes.count, 2)).filter { $0 < bytes.count }]
    if bytes.count <= 1_024 {
        cuttings += (0..<bytes.count).map { [$0] }
    } else {
        cuttings += (0..<200).map { _ in [Int.random(in: 0..<bytes.count, using: &random)] }
    }
    for _ in 0..<8 {
        let pieces = Int.random(in: 2...12, using: &random)
        cuttings.append((0..<pieces).map { _ in Int.random(in: 0..<max(bytes.count, 1), using: &random) }.sorted())
    }
    return cuttings
}
