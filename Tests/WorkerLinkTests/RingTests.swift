import Glibc
import Synchronization
import Testing

@testable import WorkerLink

/// Frames from one side to the other.
@Suite(.timeLimit(.minutes(2))) struct RingTests {
    @Test func `a frame sent by the front is what the worker reads, and the other lanes see nothing`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 2))
        let front = FrontLink(region: region)
        var other = WorkerLane(region: region, lane: 0, doorbell: -1)
        var worker = WorkerLane(region: region, lane: 1, doorbell: -1)
        #expect(front.send(lane: 1, stream: 7, [1, 2, 3, 4, 5]) != nil)
        let frame = try #require(try worker.peek())
        #expect(worker.claim(frame.header) == true)
        #expect(frame.header == FrameHeader(length: 5, kind: FrameKind.request.rawValue, flags: 0, stream: 7))
        #expect(Array(frame.payload) == [1, 2, 3, 4, 5])
        worker.consume(frame.header)
        #expect(try worker.peek() == nil)
        #expect(!other.hasFrames)
        #expect(try other.peek() == nil)
    }

    @Test func `a worker that maps the memory by its descriptor reads and writes the same rings`() throws {
        let geometry = LinkGeometry(lanes: 3, requestRingBytes: 4096, responseRingBytes: 8192)
        let region = try LinkRegion(creating: geometry)
        let far = try LinkRegion(adopting: dup(region.descriptor), geometry: geometry)
        let front = FrontLink(region: region)
        var worker = WorkerLane(region: far, lane: 2, doorbell: -1)
        #expect(front.send(lane: 2, stream: 1, [9]) != nil)
        #expect(try worker.take()?.bytes == [9])
        #expect(worker.send(.end, stream: 1, []) == true)
        #expect(try front.lanes[2].peek()?.header.kind == FrameKind.end.rawValue)
    }

    @Test func `a lane's thread is known from when it runs, and only by a number that a thread can have`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 2))
        let front = FrontLink(region: region)
        let worker = WorkerLane(region: region, lane: 1, doorbell: -1)
        #expect(front.lanes[1].thread == nil)
        worker.introduce(id: 4711, name: 0x7F00_1234_5678)
        #expect(front.lanes[1].thread?.id == 4711)
        #expect(front.lanes[1].thread?.name == 0x7F00_1234_5678)
        #expect(front.lanes[0].thread == nil)
        for id: Int32 in [0, -1, .min] {
            worker.introduce(id: id, name: 1)
            #expect(front.lanes[1].thread == nil)
        }
        region.laneControl(1).base.storeBytes(of: .max, toByteOffset: 112, as: UInt64.self)
        #expect(front.lanes[1].thread == nil)
    }

    @Test func `memory of another size or without the magic number is not adopted`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1))
        let wrongSize = dup(region.descriptor)
        #expect(throws: LinkError.self) {
            try LinkRegion(adopting: wrongSize, geometry: LinkGeometry(lanes: 2))
        }
        region.control.storeBytes(of: 0, as: UInt64.self)
        #expect(throws: LinkError.self) {
            try LinkRegion(adopting: dup(region.descriptor), geometry: region.geometry)
        }
        close(wrongSize)
    }

    @Test func `a frame beyond the room is not written, and room comes back with what is read`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1, requestRingBytes: 4096))
        let front = FrontLink(region: region)
        var worker = WorkerLane(region: region, lane: 0, doorbell: -1)
        let largest = region.geometry.requestPayloadBytes
        #expect(front.send(stream: 1, [UInt8](repeating: 1, count: largest + 1)) == nil)
        #expect(!worker.hasFrames)
        #expect(front.send(stream: 2, [UInt8](repeating: 2, count: largest)) != nil)
        #expect(front.send(stream: 3, []) == nil)
        #expect(try worker.take()?.bytes.count == largest)
        #expect(front.send(stream: 3, []) != nil)
        #expect(try worker.take()?.stream == 3)
    }

    /// Frames of random size wrap around both rings many times, each ring full much of the time.
    ///
    /// ```
    ///   this thread                      worker's thread
    ///   send until full ──requests──▶    wait, take
    ///   peek, consume   ◀─responses──    wait for room, send the same bytes
    /// ```
    @Test func `thousands of frames of every size go round and come back in order`() throws {
        let count = 6000
        let geometry = LinkGeometry(lanes: 1, requestRingBytes: 4096, responseRingBytes: 4096)
        let region = try LinkRegion(creating: geometry)
        let front = FrontLink(region: region)
        let broken = Atomic<Int>(0)
        let most = geometry.responseChunkBytes
        let worker = SystemThread {
            var lane = WorkerLane(region: region, lane: 0, doorbell: -1)
            while true {
                lane.wait()
                guard let frame = try? lane.peek() else { continue }
                guard frame.header.kind == FrameKind.request.rawValue else { return }
                if !lane.hasRoom(for: frame.payload.count) { lane.waitForRoom(for: frame.payload.count) }
                let isSent = lane.send(.chunk, stream: frame.header.stream, count: frame.payload.count) {
                    $0.copyMemory(from: frame.payload)
                }
                if !isSent { broken.add(1, ordering: .relaxed) }
                lane.consume(frame.header)
            }
        }
        var sent = 0
        var received = 0
        var wasFull = 0
        var wrong = 0
        while received < count {
            var isIdle = true
            if sent < count {
                if front.send(stream: UInt64(sent), numberedPayload(sent, upTo: most)) != nil {
                    sent += 1
                    isIdle = false
                } else {
                    wasFull += 1
                }
            }
            // Only now and then, so that the worker runs into a full ring too.
            if sent.isMultiple(of: 7) || isIdle {
                while let frame = try front.lanes[0].peek() {
                    if frame.header.stream != UInt64(received)
                        || !frame.payload.elementsEqual(numberedPayload(received, upTo: most))
                    {
                        wrong += 1
                    }
                    front.lanes[0].consume(frame.header)
                    received += 1
                    isIdle = false
                }
            }
            if isIdle { sched_yield() }
        }
        while front.send(.stop, stream: 0, []) == nil { sched_yield() }
        worker.join()
        #expect(wrong == 0)
        #expect(broken.load(ordering: .relaxed) == 0)
        #expect(wasFull > 0)
        #expect(try front.lanes[0].peek() == nil)
    }

    @Test func `the cancelled stream is the one that was named last`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1))
        let front = FrontLink(region: region)
        let worker = WorkerLane(region: region, lane: 0, doorbell: -1)
        #expect(!worker.isCancelled(5))
        front.lanes[0].cancel(5)
        #expect(worker.isCancelled(5))
        #expect(!worker.isCancelled(6))
    }
}

/// When the front sleeps, and what wakes it.
@Suite struct DoorbellTests {
    private func makePipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }

    /// How many times the doorbell rang since the last call.
    private func rings(_ reading: Int32) -> Int {
        var bytes = [UInt8](repeating: 0, count: 4096)
        return max(0, read(reading, &bytes, bytes.count)) / 8
    }

    @Test func `the bell rings once for a front that sleeps, and never for one that is awake`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1))
        let front = FrontLink(region: region)
        let (reading, writing) = try makePipe()
        defer {
            close(reading)
            close(writing)
        }
        var worker = WorkerLane(region: region, lane: 0, doorbell: writing)
        #expect(worker.send(.log, stream: 0, [1]) == true)
        #expect(rings(reading) == 0)
        #expect(front.visitNews { _ in })
        #expect(front.sleep())
        #expect(worker.send(.log, stream: 0, [1]) == true)
        #expect(worker.send(.log, stream: 0, [1]) == true)
        #expect(rings(reading) == 1)
        #expect(front.visitNews { _ in })
        #expect(front.sleep())
        front.awake()
        #expect(worker.send(.log, stream: 0, [1]) == true)
        #expect(rings(reading) == 0)
    }

    @Test func `a front with news does not fall asleep`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1))
        let front = FrontLink(region: region)
        var worker = WorkerLane(region: region, lane: 0, doorbell: -1)
        worker.send(.log, stream: 0, [1])
        #expect(!front.sleep())
        #expect(front.visitNews { _ in })
        #expect(!front.visitNews { _ in })
        #expect(front.sleep())
        WorkerControl.announce(in: region, doorbell: -1)
        #expect(!front.sleep())
        #expect(front.takeControlNews())
        #expect(!front.takeControlNews())
        #expect(front.sleep())
    }

    @Test func `each lane with news is visited once, also the last of many`() throws {
        let geometry = LinkGeometry(lanes: 256, requestRingBytes: 4096, responseRingBytes: 4096)
        let region = try LinkRegion(creating: geometry)
        let front = FrontLink(region: region)
        let expected = [0, 63, 64, 200, 255]
        for index in expected {
            var worker = WorkerLane(region: region, lane: index, doorbell: -1)
            worker.send(.log, stream: 0, [1])
            worker.send(.log, stream: 0, [2])
        }
        var visited: [Int] = []
        #expect(front.visitNews { visited.append($0) })
        #expect(visited == expected)
    }

    @Test func `news of lanes that there are not is no news`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 3))
        let front = FrontLink(region: region)
        for word in 0..<4 {
            region.control.storeBytes(of: UInt64.max, toByteOffset: 128 + 8 * word, as: UInt64.self)
        }
        var visited: [Int] = []
        #expect(front.visitNews { visited.append($0) })
        #expect(visited == [0, 1, 2])
    }
}

/// What no holder of the memory's descriptor can do to the others.
@Suite struct SealTests {
    /// Every way in which a worker may come to a descriptor of the memory: its own, a copy of it, one opened anew, and
    /// a child's.
    @Test func `nobody can resize the memory, and it still works afterwards`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1))
        let copy = dup(region.descriptor)
        let reopened = open("/proc/self/fd/\(region.descriptor)", O_RDWR)
        try #require(reopened >= 0)
        defer {
            close(copy)
            close(reopened)
        }
        for descriptor in [region.descriptor, copy, reopened] {
            for size in [0, 1, region.geometry.byteCount - 1, region.geometry.byteCount + 1] {
                errno = 0
                #expect(ftruncate(descriptor, off_t(size)) == -1)
                #expect(errno == EPERM)
            }
        }
        var information = stat()
        #expect(fstat(region.descriptor, &information) == 0)
        #expect(information.st_size == region.geometry.byteCount)
        let front = FrontLink(region: region)
        #expect(front.send(stream: 1, [1]) != nil)
    }

    @Test func `a process that inherits the memory cannot cut it short`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, region.descriptor, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // `: > file` opens with O_TRUNC, which is a resize to nothing.
        let words = ["sh", "-c", "echo found && ( : > /proc/self/fd/1 )"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var pid: pid_t = 0
        try #require(posix_spawn(&pid, "/bin/sh", &actions, nil, &arguments, nil) == 0)
        var status: Int32 = 0
        #expect(waitpid(pid, &status, 0) == pid)
        #expect(status != 0)
        var information = stat()
        #expect(fstat(region.descriptor, &information) == 0)
        #expect(information.st_size == region.geometry.byteCount)
        // It did have the memory: what it wrote stands there.
        #expect(region.control.loadUnaligned(as: UInt32.self) == 0x6E75_6F66)
    }

    @Test func `a thread that waits for room is woken when half of its ring is free, not for each frame`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1, responseRingBytes: 4096))
        let front = FrontLink(region: region)
        var worker = WorkerLane(region: region, lane: 0, doorbell: -1)
        for _ in 0..<8 { #expect(worker.send(.chunk, stream: 1, Array(repeating: 1, count: 496)) == true) }
        let control = region.laneControl(0)
        control.futex(.forRoom).pointee = 1
        for read in 1...8 {
            let frame = try #require(try front.lanes[0].peek())
            front.lanes[0].consume(frame.header)
            #expect(control.futex(.forRoom).pointee == (read < 4 ? 1 : 0), "after \(read) of 8")
        }
    }

    @Test func `a frame that is not urgent wakes nobody until the next one does, or who reads is woken`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1))
        let front = FrontLink(region: region)
        let worker = WorkerLane(region: region, lane: 0, doorbell: -1)
        let sleeps = region.laneControl(0).futex(.forRequest)
        for wake in [{ _ = front.send(stream: 1, [2]) }, { front.lanes[0].wakeReader() }] {
            sleeps.pointee = 1
            #expect(front.lanes[0].send(.message, stream: 1, count: 0, isUrgent: false) { _ in } != nil)
            #expect(worker.hasFrames)
            #expect(sleeps.pointee == 1)
            wake()
            #expect(sleeps.pointee == 0)
        }
    }

    @Test func `what is written to a payload's room before it is sent is what the worker reads`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1, requestRingBytes: 4096))
        let front = FrontLink(region: region)
        var worker = WorkerLane(region: region, lane: 0, doorbell: -1)
        let reserved = front.lanes[0].payloadRoom(3)
        let room = try #require(reserved)
        room.copyBytes(from: [7, 8, 9])
        #expect(front.lanes[0].send(.message, stream: 5, count: 3) { _ in } != nil)
        #expect(try worker.take()?.bytes == [7, 8, 9])
        let tooLarge = front.lanes[0].payloadRoom(4096)
        #expect(tooLarge == nil)
    }

    @Test(arguments: [
        Follower(of: .chunk, .chunk, isMore: true),
        Follower(of: .appMessage, .appMessage, isMore: true),
        Follower(of: .chunk, .appMessage, isMore: false),
        Follower(of: .chunk, .chunk, stream: 2, isMore: false),
        Follower(of: .chunk, .chunk, bytes: [], isMore: false),
        Follower(of: .chunk, .end, bytes: [], isMore: false),
        Follower(of: .appMessage, continues: false, .appMessage, isMore: false),
        Follower(of: .response, .chunk, isMore: false),
        Follower(of: .log, .log, isMore: false),
    ])
    func `a large frame is followed when more of the same body or message is there`(_ follower: Follower) throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1))
        let front = FrontLink(region: region)
        var worker = WorkerLane(region: region, lane: 0, doorbell: -1)
        let flags = follower.continues ? FrameHeader.continues : 0
        #expect(worker.send(follower.first, flags: flags, stream: 1, large) == true)
        let first = try #require(try front.lanes[0].peek())
        #expect(!front.lanes[0].isFollowed(first.header))
        #expect(worker.send(follower.kind, stream: follower.stream, follower.bytes) == true)
        #expect(front.lanes[0].isFollowed(first.header) == follower.isMore)
    }

    @Test func `what is held stays where it is until the frame behind it is consumed`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1, responseRingBytes: 16 << 10))
        let front = FrontLink(region: region)
        var worker = WorkerLane(region: region, lane: 0, doorbell: -1)
        #expect(worker.send(.chunk, stream: 1, large) == true)
        #expect(worker.send(.chunk, stream: 1, [2]) == true)
        let first = try #require(try front.lanes[0].peek())
        front.lanes[0].hold(first.header)
        let second = try #require(try front.lanes[0].peek())
        #expect(worker.send(.chunk, stream: 1, [UInt8](repeating: 3, count: 12_000)) == false)
        #expect(Array(first.payload) == large)
        front.lanes[0].consume(second.header)
        #expect(worker.send(.chunk, stream: 1, [UInt8](repeating: 3, count: 12_000)) == true)
    }

    @Test func `no more than half of a ring is held`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1, responseRingBytes: 16 << 10))
        let front = FrontLink(region: region)
        var worker = WorkerLane(region: region, lane: 0, doorbell: -1)
        for _ in 0..<3 { #expect(worker.send(.chunk, stream: 1, large) == true) }
        for isFollowed in [true, true, false] {
            let frame = try #require(try front.lanes[0].peek())
            #expect(front.lanes[0].isFollowed(frame.header) == isFollowed)
            if isFollowed { front.lanes[0].hold(frame.header) } else { front.lanes[0].consume(frame.header) }
        }
    }

    @Test func `a worker that takes back what followed has broken the protocol`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 1))
        let front = FrontLink(region: region)
        var worker = WorkerLane(region: region, lane: 0, doorbell: -1)
        #expect(worker.send(.chunk, stream: 1, large) == true)
        #expect(worker.send(.end, stream: 1, []) == true)
        // As if the second had been a chunk when the first was looked at.
        front.lanes[0].hold(try #require(try front.lanes[0].peek()).header)
        let violation = #expect(throws: LinkViolation.self) { try front.lanes[0].peek() }
        #expect(violation == .unexpectedFrame)
    }

    private let large = [UInt8](repeating: 1, count: 5000)
}

/// A frame behind another, and whether it goes on with what that has.
struct Follower: Sendable, CustomTestStringConvertible {
    var first: FrameKind
    var continues: Bool
    var kind: FrameKind
    var stream: UInt64
    var bytes: [UInt8]
    var isMore: Bool

    init(
        of first: FrameKind,
        continues: Bool = true,
        _ kind: FrameKind,
        stream: UInt64 = 1,
        bytes: [UInt8] = [1],
        isMore: Bool
    ) {
        self.first = first
        self.continues = continues
        self.kind = kind
        self.stream = stream
        self.bytes = bytes
        self.isMore = isMore
    }

    var testDescription: String { "\(kind) of \(stream) with \(bytes.count) bytes behind \(first)" }
}
