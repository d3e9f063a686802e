import Testing

@testable import WorkerLink

/// Whatever a worker writes is a violation or an event; nothing that it writes stops the front.
@Suite struct HostileWorkerTests {
    private let region: LinkRegion
    private let front: FrontLink

    init() throws {
        region = try LinkRegion(creating: LinkGeometry(lanes: 1, requestRingBytes: 4096, responseRingBytes: 4096))
        front = FrontLink(region: region)
    }

    /// Reads as the front does until there is nothing more.
    ///
    /// - Returns: How many events there were, and the violation that ended it.
    private func read(
        _ front: FrontLink,
        _ conversation: inout LaneConversation,
        beginsAgain: Bool = false
    ) -> (events: Int, violation: LinkViolation?) {
        var events = 0
        do throws(LinkViolation) {
            while let (header, payload) = try front.lanes[0].peek() {
                let event = try conversation.accept(header, payload)
                events += 1
                // As much as the front does: every byte that it was given.
                switch event {
                case .began(let response, isWhole: _):
                    #expect(response.head.count + response.body.count <= 4096)
                    _ = sum(response.head) &+ sum(response.body)
                case .continued(let bytes), .aborted(let bytes), .log(level: _, text: let bytes, isOfRequest: _):
                    #expect(bytes.count <= 4096)
                    _ = sum(bytes)
                case .file(let offset, let count):
                    #expect(offset >= 0 && count >= 0 && offset.addingReportingOverflow(count).overflow == false)
                case .opened(let response):
                    _ = sum(response.head)
                case .message(let bytes, isText: _, continues: _):
                    #expect(bytes.count <= 4096)
                    _ = sum(bytes)
                case .closed(let close):
                    #expect(close.reason.count <= CloseEnvelope.greatestReason)
                case .ended, .granted, .extended, .markedIdempotent:
                    break
                }
                front.lanes[0].consume(header)
                if beginsAgain, conversation.isIdle { conversation.begin(5) }
            }
            return (events, nil)
        } catch {
            return (events, error)
        }
    }

    private func sum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        bytes.reduce(0) { $0 &+ UInt64($1) }
    }

    /// What the front says about what `write` has written.
    private func violation(of write: (inout HostileWorker) -> Void) -> LinkViolation? {
        var worker = HostileWorker(region)
        write(&worker)
        var conversation = LaneConversation()
        conversation.begin(5)
        return read(front, &conversation).violation
    }

    @Test(arguments: [1, 8, 15, 4097, 4104, 1 << 32, 1 << 63, UInt64.max])
    func `a position that the ring cannot have is out of range`(position: UInt64) {
        #expect(violation { $0.setTail(position) } == .positionOutOfRange)
    }

    @Test func `a position that goes back is out of range`() {
        #expect(violation { $0.write(FrameKind.log.rawValue, stream: 0, [1]) } == nil)
        #expect(violation { $0.setTail(8) } == .positionOutOfRange)
        #expect(violation { $0.setTail(0) } == .positionOutOfRange)
    }

    @Test(arguments: [1, 8, 9, 4080, 4096, 1 << 16, UInt32.max])
    func `a frame that is longer than what was written overruns the ring`(length: UInt32) {
        let header = FrameHeader(length: length, kind: FrameKind.log.rawValue, flags: 0, stream: 5)
        #expect(violation { $0.write(header, written: 16) } == .frameOverrunsRing)
    }

    @Test func `a frame of all that the ring holds is read`() {
        var worker = HostileWorker(region)
        worker.write(FrameKind.log.rawValue, stream: 0, [UInt8](repeating: 65, count: 4096 - 16))
        var conversation = LaneConversation()
        let (events, violation) = read(front, &conversation)
        #expect(events == 1 && violation == nil)
    }

    @Test(arguments: [0, 1, 2, 3, 7, 15, 27, 255] as [UInt8])
    func `a kind that nobody knows is a violation`(kind: UInt8) {
        #expect(violation { $0.write(kind, stream: 5, responsePayload()) } == .unknownKind)
    }

    @Test(arguments: [0, 4, 6, UInt64.max])
    func `a frame of a request that is not here is out of place`(stream: UInt64) {
        #expect(violation { $0.write(FrameKind.chunk.rawValue, stream: stream, [1]) } == .unexpectedFrame)
        #expect(violation { $0.write(FrameKind.abort.rawValue, stream: stream) } != nil)
    }

    @Test func `a second head is out of place`() {
        let found = violation {
            $0.write(FrameKind.response.rawValue, stream: 5, responsePayload())
            $0.write(FrameKind.response.rawValue, stream: 5, responsePayload())
        }
        #expect(found == .unexpectedFrame)
    }

    @Test func `a worker that lies about what it has read harms only itself`() {
        let worker = HostileWorker(region)
        let bytes = [UInt8](repeating: 1, count: 1000)
        var sent = 0
        var random = SeededGenerator(seed: 9)
        for _ in 0..<2000 {
            worker.setRequestHead(
                Bool.random(using: &random) ? random.next() : UInt64.random(in: 0...100_000, using: &random)
            )
            if let claim = front.send(stream: 1, bytes) {
                sent += 1
                worker.setRequestHead(random.next())
                _ = claim.revoke()
            }
        }
        #expect(sent > 0)
    }

    /// Rings full of well-formed and broken frames, positions nearly right.
    @Test(arguments: 0..<8)
    func `random frames are violations or events`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var violations: [LinkViolation: Int] = [:]
        var events = 0
        for _ in 0..<1500 {
            var worker = HostileWorker(region)
            worker.setTail(0)
            let front = FrontLink(region: region)
            var conversation = LaneConversation()
            if Int.random(in: 0..<10, using: &random) > 0 { conversation.begin(5) }
            for place in 0..<Int.random(in: 1...6, using: &random) {
                let kinds: [UInt8] = place == 0 ? [16, 16, 21, 19] : [16, 17, 17, 17, 18, 19, 20, 21]
                let kind = kinds.randomElement(using: &random) ?? 16
                let payload: [UInt8] =
                    switch kind {
                    case 16 where Int.random(in: 0..<8, using: &random) > 0: responsePayload(body: [1, 2, 3])
                    case 20: filePayload(offset: 0, count: random.next())
                    case 18: []
                    default:
                        (0..<Int.random(in: 1...60, using: &random)).map { _ in .random(in: 0...255, using: &random) }
                    }
                let isOdd = Int.random(in: 0..<12, using: &random) == 0
                worker.write(
                    FrameHeader(
                        length: isOdd ? UInt32.random(in: 0...UInt32.max, using: &random) : UInt32(payload.count),
                        kind: isOdd
                            ? UInt8.random(in: 0...255, using: &random) : kind,
                        flags: UInt8.random(in: 0...2, using: &random),
                        stream: Int.random(in: 0..<10, using: &random) == 0 ? random.next() : 5
                    ),
                    payload,
                    written: Int.random(in: 0..<30, using: &random) == 0
                        ? Int.random(in: 0...5000, using: &random) : nil
                )
            }
            let result = read(front, &conversation, beginsAgain: true)
            events += result.events
            if let violation = result.violation { violations[violation, default: 0] += 1 }
        }
        #expect(events > 1000)
        #expect(violations.count >= 4)
    }

    /// Every byte that the worker can reach, scribbled over while the front goes on as if nothing were.
    @Test(arguments: 0..<4)
    func `memory scribbled over is violations or events`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 100)
        var violated = 0
        for round in 0..<800 {
            let front = FrontLink(region: region)
            var conversation = LaneConversation()
            conversation.begin(5)
            let claims = (0..<3).compactMap { front.send(stream: $0, [1, 2, 3]) }
            for base in [region.control, region.requestRing(0), region.responseRing(0)] {
                for offset in stride(from: 0, to: 4096, by: 8) {
                    base.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
                }
            }
            let control = region.laneControl(0).base
            for offset in stride(from: 0, to: 256, by: 8) {
                control.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
            }
            // Half the time with a position that makes the front read the noise as frames.
            if round.isMultiple(of: 2) {
                control.storeBytes(
                    of: UInt64.random(in: 2...512, using: &random) * 8,
                    toByteOffset: 128,
                    as: UInt64.self
                )
                region.responseRing(0).storeBytes(
                    of: UInt32.random(in: 0...2000, using: &random),
                    as: UInt32.self
                )
                region.responseRing(0).storeBytes(
                    of: UInt8.random(in: 16...24, using: &random),
                    toByteOffset: 4,
                    as: UInt8.self
                )
                region.responseRing(0).storeBytes(of: UInt64(5), toByteOffset: 8, as: UInt64.self)
            }
            var lanes = 0
            _ = front.visitNews { _ in lanes += 1 }
            // The one thread's and the loop's.
            #expect(lanes <= 2)
            if read(front, &conversation).violation != nil { violated += 1 }
            for claim in claims { _ = claim.revoke() }
            front.lanes[0].cancel(5)
            _ = front.send(stream: 9, [1])
            _ = front.takeControlNews()
            _ = front.sleep()
            front.awake()
        }
        #expect(violated > 400)
    }
}
