import Glibc

@testable import WorkerLink

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A thread of the system's own: one that waits on a futex must not take one of the few that run Swift's tasks.
struct SystemThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private var handle = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(body)).toOpaque()
        let status = pthread_create(
            &handle,
            nil,
            { argument in
                argument.map { Unmanaged<Body>.fromOpaque($0).takeRetainedValue().run() }
                return nil
            },
            box
        )
        precondition(status == 0, "no thread: \(status)")
    }

    /// Waits until the thread has ended.
    func join() { pthread_join(handle, nil) }
}

/// Returns the payload of number `index`: its length and each byte follow from the number.
func numberedPayload(_ index: Int, upTo most: Int) -> [UInt8] {
    var random = SeededGenerator(seed: UInt64(index))
    let count = Int.random(in: 0...most, using: &random)
    let first = UInt8(truncatingIfNeeded: index)
    return (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
}

extension FrontLink {
    /// Sends these bytes on a lane.
    func send(_ kind: FrameKind = .request, lane: Int = 0, stream: UInt64, _ bytes: [UInt8]) -> FrameClaim? {
        lanes[lane].send(kind, stream: stream, count: bytes.count) { $0.copyBytes(from: bytes) }
    }
}

extension WorkerLane {
    /// Sends these bytes.
    @discardableResult
    mutating func send(_ kind: FrameKind, flags: UInt8 = 0, stream: UInt64, _ bytes: [UInt8]) -> Bool {
        send(kind, flags: flags, stream: stream, count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// Takes the next frame of the front: its stream and its bytes.
    mutating func take() throws -> (stream: UInt64, bytes: [UInt8])? {
        guard let frame = try peek() else { return nil }
        guard frame.header.kind != FrameKind.request.rawValue || claim(frame.header) else { return try take() }
        let bytes = Array(frame.payload)
        consume(frame.header)
        return (frame.header.stream, bytes)
    }
}

/// A worker that writes what it likes, where it likes: the other side of the shared memory without its rules.
struct HostileWorker {
    let region: LinkRegion
    private(set) var tail: UInt64 = 0

    init(_ region: LinkRegion) { self.region = region }

    /// Says how far it has written.
    mutating func setTail(_ position: UInt64) {
        tail = position
        region.laneControl(0).base.storeBytes(of: position, toByteOffset: 128, as: UInt64.self)
    }

    /// Says how far it has read the front's ring.
    func setRequestHead(_ position: UInt64) {
        region.laneControl(0).base.storeBytes(of: position, toByteOffset: 64, as: UInt64.self)
    }

    /// Writes a header at the next place without a thought for what it says, and claims to have written `written` bytes.
    mutating func write(_ header: FrameHeader, _ payload: [UInt8] = [], written: Int? = nil) {
        let place = region.responseRing(0) + Int(tail % UInt64(region.geometry.responseRingBytes))
        header.store(to: place)
        (place + FrameHeader.byteCount).copyMemory(from: payload, byteCount: payload.count)
        setTail(tail &+ UInt64(written ?? FrameHeader.footprint(payload.count)))
    }

    /// Writes a frame that is in order as far as the ring goes.
    mutating func write(_ kind: UInt8, stream: UInt64, flags: UInt8 = 0, _ payload: [UInt8] = []) {
        write(FrameHeader(length: UInt32(payload.count), kind: kind, flags: flags, stream: stream), payload)
    }
}

/// Returns the payload of a response frame with this head and body.
func responsePayload(head: [UInt8] = Array(repeating: 0, count: 8), body: [UInt8] = [], length: UInt64? = nil)
    -> [UInt8]
{
    var payload = [UInt8](repeating: 0, count: ResponseEnvelope.fixedBytes)
    payload.withUnsafeMutableBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        ResponseEnvelope.store(
            headBytes: head.count,
            bodyBytes: length ?? UInt64(body.count),
            takenAt: 77,
            to: base
        )
    }
    return payload + head + body
}

/// Returns the payload of a file frame.
func filePayload(offset: UInt64, count: UInt64) -> [UInt8] {
    var payload = [UInt8](repeating: 0, count: FileEnvelope.byteCount)
    payload.withUnsafeMutableBytes { bytes in
        if let base = bytes.baseAddress { FileEnvelope.store(offset: offset, count: count, to: base) }
    }
    return payload
}
