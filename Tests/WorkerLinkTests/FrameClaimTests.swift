import Glibc
import Synchronization
import Testing

@testable import WorkerLink

/// Requests laid ready: the front and the worker agree on who has each.
@Suite(.timeLimit(.minutes(2))) struct FrameClaimTests {
    private let region: LinkRegion
    private let front: FrontLink

    init() throws {
        region = try LinkRegion(creating: LinkGeometry(lanes: 1, requestRingBytes: 4096, responseRingBytes: 4096))
        front = FrontLink(region: region)
    }

    private func makeWorker() -> WorkerLane { WorkerLane(region: region, lane: 0, doorbell: -1) }

    @Test func `a request that nobody claimed can be taken back, once`() throws {
        let claim = try #require(front.send(stream: 1, [1]))
        #expect(claim.revoke())
        #expect(!claim.revoke())
    }

    @Test func `a request that was taken back is passed over`() throws {
        var worker = makeWorker()
        let first = try #require(front.send(stream: 1, [1]))
        #expect(front.send(stream: 2, [2]) != nil)
        let third = try #require(front.send(stream: 3, [3, 3, 3]))
        #expect(front.send(stream: 4, [4]) != nil)
        #expect(first.revoke())
        #expect(third.revoke())
        #expect(try worker.take()?.stream == 2)
        #expect(try worker.take()?.stream == 4)
        #expect(try worker.take() == nil)
    }

    @Test func `when all were taken back the worker finds none, and their room is free again`() throws {
        var worker = makeWorker()
        let bytes = [UInt8](repeating: 7, count: 1000)
        var claims: [FrameClaim] = []
        while let claim = front.send(stream: 1, bytes) { claims.append(claim) }
        #expect(claims.count == 4)
        for claim in claims { #expect(claim.revoke()) }
        #expect(worker.hasFrames)
        #expect(try worker.take() == nil)
        for _ in claims { #expect(front.send(stream: 2, bytes) != nil) }
        #expect(try worker.take()?.stream == 2)
    }

    @Test func `a request that the worker has claimed is not taken back`() throws {
        var worker = makeWorker()
        let claim = try #require(front.send(stream: 1, [1]))
        let frame = try #require(try worker.peek())
        #expect(worker.claim(frame.header) == true)
        #expect(!claim.revoke())
        // Neither looking twice nor claiming twice loses it.
        #expect(try worker.peek()?.header == frame.header)
        #expect(worker.claim(frame.header) == true)
        worker.consume(frame.header)
        #expect(!claim.revoke())
    }

    /// ```
    ///   front        worker
    ///                peek, waits for the GIL
    ///   revoke
    ///                has the GIL, claim: too late
    /// ```
    @Test func `a request that the worker has only looked at can be taken back, and the next one is found`() throws {
        var worker = makeWorker()
        let first = try #require(front.send(stream: 1, [1]))
        #expect(front.send(stream: 2, [2, 2]) != nil)
        let frame = try #require(try worker.peek())
        #expect(frame.header.stream == 1)
        #expect(first.revoke())
        // It stays readable as long as the worker looks at it.
        #expect(Array(frame.payload) == [1])
        #expect(worker.claim(frame.header) == false)
        let next = try #require(try worker.take())
        #expect(next.stream == 2)
        #expect(next.bytes == [2, 2])
        #expect(!worker.hasFrames)
    }

    @Test func `a request whose room was used again is not taken back in the later one's place`() throws {
        var worker = makeWorker()
        let bytes = [UInt8](repeating: 1, count: 2048 - FrameHeader.byteCount)
        let claim = try #require(front.send(stream: 1, bytes))
        #expect(try worker.take()?.stream == 1)
        #expect(front.send(stream: 2, bytes) != nil)
        // This one lies where the first lay.
        #expect(front.send(stream: 3, bytes) != nil)
        #expect(!claim.revoke())
        #expect(try worker.take()?.stream == 2)
        #expect(try worker.take()?.stream == 3)
    }

    @Test func `stop frames are nobody's to claim, and come after what was taken back`() throws {
        var worker = makeWorker()
        let claim = try #require(front.send(stream: 1, [1]))
        #expect(front.send(.stop, stream: 0, []) != nil)
        #expect(claim.revoke())
        #expect(try worker.peek()?.header.kind == FrameKind.stop.rawValue)
    }

    /// ```
    ///   front                         worker
    ///   send 1 … n                    peek, claim, run, consume
    ///   revoke some, last one first   …
    /// ```
    /// Each request is run or was taken back, never both and never neither, however the two meet.
    @Test func `in a race every request is either run or taken back`() throws {
        let count = 20_000
        let region = region
        let runs = Mutex<[UInt64]>([])
        let worker = SystemThread {
            var lane = WorkerLane(region: region, lane: 0, doorbell: -1)
            var seen: [UInt64] = []
            while true {
                lane.wait()
                guard let frame = try? lane.peek() else { continue }
                let header = frame.header
                if header.kind == FrameKind.stop.rawValue { break }
                guard lane.claim(header) else { continue }
                seen.append(header.stream)
                lane.consume(header)
            }
            let all = seen
            runs.withLock { $0 = all }
        }
        var random = SeededGenerator(seed: 1)
        var revoked: Set<UInt64> = []
        var refused = 0
        var stream: UInt64 = 0
        while stream < UInt64(count) {
            var laid: [(UInt64, FrameClaim)] = []
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                guard let claim = front.send(stream: stream, numberedPayload(Int(stream), upTo: 40)) else {
                    sched_yield()
                    break
                }
                laid.append((stream, claim))
                stream += 1
            }
            if Bool.random(using: &random) { sched_yield() }
            for (stream, claim) in laid.reversed() where Bool.random(using: &random) {
                if claim.revoke() { revoked.insert(stream) } else { refused += 1 }
            }
        }
        while front.send(.stop, stream: 0, []) == nil { sched_yield() }
        worker.join()
        let ran = runs.withLock { $0 }
        #expect(ran == ran.sorted())
        #expect(Set(ran).count == ran.count)
        #expect(revoked.isDisjoint(with: ran))
        #expect(revoked.count + ran.count == Int(stream))
        #expect(!revoked.isEmpty)
        #expect(!ran.isEmpty)
    }
}
