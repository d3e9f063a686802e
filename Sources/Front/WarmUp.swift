internal import RequestQueue
internal import WorkerLink
internal import Workers

/// The one request that a new worker gets alone, before traffic.
///
/// Dash fills its registries during the first request: a burst on a cold worker is answered 500 (plotly/dash#3971).
/// Any answer will do. Confined to the front's loop.
final class WarmUp: ExchangeOwner {
    /// How long an answer may go on before the app is told that nobody reads any more.
    static let longestAnswer = Nanoseconds.seconds(5)

    /// Whether the app has been told so.
    var isCutShort = false
    private let path: String
    private let hostField: [UInt8]
    private let host: [UInt8]
    private let port: [UInt8]
    private let completion: (Bool) -> Void

    init(path: String, hostField: [UInt8], host: [UInt8], port: [UInt8], completion: @escaping (Bool) -> Void) {
        self.path = path
        self.hostField = hostField
        self.host = host
        self.port = port
        self.completion = completion
    }

    func write(_ exchange: Exchange, to seat: WorkerSeat, lane: Int) -> FrameClaim? {
        let target = Array(path.utf8)
        let (path, query) = Self.split(target)
        let parts: [(RequestEnvelope.Part, [UInt8])] = [
            (.method, Array("GET".utf8)), (.target, target), (.path, path), (.query, query), (.host, host),
            (.port, port), (.clientAddress, Array("127.0.0.1".utf8)), (.clientPort, [UInt8(ascii: "0")]),
        ]
        let fields: [([UInt8], [UInt8])] = [
            (Array("Host".utf8), hostField),
            (Array("User-Agent".utf8), Array("roost-warm-up".utf8)),
            (Array("Accept".utf8), Array("*/*".utf8)),
        ]
        let text =
            parts.reduce(0) { $0 + $1.1.count } + fields.reduce(0) { $0 + $1.0.count + $1.1.count }
            + RequestID.byteCount
        let count = RequestEnvelopeWriter.byteCount(fields: fields.count, textBytes: text, inlineBody: 0)
        return seat.send(.request, to: lane, stream: exchange.stream, count: count) { payload in
            var writer = RequestEnvelopeWriter(
                payload,
                flags: .warmUp,
                fields: fields.count,
                textBytes: text,
                bodyBytes: 0,
                queuedAt: exchange.offeredAt.nanoseconds
            )
            for (part, bytes) in parts { writer.set(part, bytes.withUnsafeBytes { writer.append($0) }) }
            for (name, value) in fields {
                let name = name.withUnsafeBytes { writer.append($0) }
                writer.addField(name: name, value: value.withUnsafeBytes { writer.append($0) })
            }
            writer.set(.requestID, Array("0000000000000000".utf8).withUnsafeBytes { writer.append($0) })
        }
    }

    var canBeStaged: Bool { false }
    var isSafe: Bool { true }
    var route: String { "the warm-up request" }
    var isFull: Bool { false }
    var unsentBytes: Int { 0 }
    var awaitsClient: Bool { false }
    var isRepeatable: Bool { true }

    func began(_ exchange: Exchange, _ response: ResponseEnvelope.Reader, isWhole: Bool) {
        if isWhole { completion(true) }
    }

    func opened(
        _ exchange: Exchange,
        _ response: ResponseEnvelope.Reader,
        _ stream: SocketStream
    ) -> (any SocketOwner)? {
        nil
    }

    func bodyMayGoOn(_ exchange: Exchange) {}
    func continued(_ exchange: Exchange, _ pieces: [UnsafeRawBufferPointer]) {}
    func continued(_ exchange: Exchange, file: SpoolFile, offset: Int, count: Int) {}
    func ended(_ exchange: Exchange) { completion(true) }
    func failed(_ exchange: Exchange, _ failure: ExchangeFailure) { completion(failure == .aborted) }
    func paused(_ exchange: Exchange) {}

    private static func split(_ target: [UInt8]) -> (path: [UInt8], query: [UInt8]) {
        guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return (target, []) }
        return (Array(target[..<mark]), Array(target[(mark + 1)...]))
    }
}
