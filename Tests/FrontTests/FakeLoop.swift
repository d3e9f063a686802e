import WorkerLink

@testable import Front
@testable import Workers

/// A frame as an event loop got it.
struct TakenFrame: Equatable {
    var kind: FrameKind?
    var flags: UInt8
    var stream: UInt64
    var payload: [UInt8]

    /// The number in a frame of credit or of a grant.
    var number: Int { payload.count == 4 ? Int(payload.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }) : -1 }
    var isLast: Bool { kind == .body && flags & FrameHeader.isLast != 0 }
}

/// A request as an event loop got it.
struct TakenStream: Equatable {
    var stream: UInt64
    var path: String
    var body: [UInt8]
    var bodyFollows: Bool
    var isBodyInFile: Bool
}

/// The worker's end of an event loop's lane.
extension FakeWorker {
    /// Takes the next frame; a request is claimed.
    ///
    /// - Returns: It; nil when there is none, or when the front has taken it back.
    func takeFrame() throws -> TakenFrame? {
        guard let (header, payload) = try loop.peek() else { return nil }
        if header.kind == FrameKind.request.rawValue { guard loop.claim(header) else { return nil } }
        defer { loop.consume(header) }
        return TakenFrame(
            kind: FrameKind(rawValue: header.kind),
            flags: header.flags,
            stream: header.stream,
            payload: Array(payload)
        )
    }

    /// Takes the next frame, which has to be a request.
    func takeStream() throws -> TakenStream? {
        guard let frame = try takeFrame(), frame.kind == .request else { return nil }
        return try frame.payload.withUnsafeBytes { payload in
            let reader = try RequestEnvelopeReader(payload)
            return TakenStream(
                stream: frame.stream,
                path: String(decoding: reader.part(.path), as: UTF8.self),
                body: Array(reader.body),
                bodyFollows: reader.flags.contains(.bodyFollows),
                isBodyInFile: reader.flags.contains(.bodyIsFile)
            )
        }
    }

    /// Takes all frames that are there.
    func takeFrames() throws -> [TakenFrame] {
        var frames: [TakenFrame] = []
        while let frame = try takeFrame() { frames.append(frame) }
        return frames
    }

    /// Grants the front so many bytes of a request's body.
    func grant(_ count: Int, _ stream: UInt64) {
        send(.grant, stream, withUnsafeBytes(of: UInt32(count)) { Array($0) })
    }
}
