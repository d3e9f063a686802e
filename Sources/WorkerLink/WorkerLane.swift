internal import Atomics
internal import CRoostSystem
internal import Glibc

/// The worker's end of one lane.
///
/// Used by one thread of Python, which must not hold the GIL where a function says that it may wait.
public struct WorkerLane {
    /// How many times a waiting thread looks again before it sleeps.
    ///
    /// A few microseconds: at full load the next request is there before the kernel could have put the thread to
    /// sleep and woken it.
    static let spins = 64

    /// The largest payload to write in one frame.
    public let chunkBytes: Int
    private var requests: RingConsumer
    private var responses: RingProducer
    private let control: LaneControl
    private let header: LinkHeader
    private let lane: Int
    private let doorbell: Int32
    private let region: LinkRegion

    /// Creates the worker's end of lane `lane`.
    ///
    /// - Parameters:
    ///   - region: The worker's shared memory.
    ///   - lane: Which lane, below the geometry's number of lanes, or ``LinkGeometry/loopLane``.
    ///   - doorbell: The pipe on which the front sleeps. Not owned.
    public init(region: LinkRegion, lane: Int, doorbell: Int32) {
        self.region = region
        self.lane = lane
        self.doorbell = doorbell
        control = region.laneControl(lane)
        header = region.header
        chunkBytes =
            lane == LinkGeometry.loopLane ? LinkGeometry.loopResponseChunkBytes : region.geometry.responseChunkBytes
        requests = RingConsumer(
            base: region.requestRing(lane),
            capacity: region.geometry.requestRingBytes(of: lane),
            tail: control.atomic(.requestTail),
            head: control.atomic(.requestHead)
        )
        responses = RingProducer(
            base: region.responseRing(lane),
            capacity: region.geometry.responseRingBytes(of: lane),
            tail: control.atomic(.responseTail),
            head: control.atomic(.responseHead)
        )
    }

    /// Waits for the next frame of the front, spinning shortly, then asleep.
    ///
    /// Call without the GIL.
    public func wait() {
        for _ in 0..<Self.spins where requests.hasFrames { return }
        let sleeping = control.atomic(.forRequest)
        while true {
            sleeping.store(1, ordering: .sequentiallyConsistent)
            if requests.hasFrames {
                sleeping.store(0, ordering: .sequentiallyConsistent)
                return
            }
            roost_futex_wait(control.futex(.forRequest), 1, -1)
        }
    }

    /// Waits for the next frame of the front, asleep, for at most so many nanoseconds.
    ///
    /// - Returns: Whether a frame is there.
    public func wait(atMost nanoseconds: Int64) -> Bool {
        let sleeping = control.atomic(.forRequest)
        sleeping.store(1, ordering: .sequentiallyConsistent)
        if !requests.hasFrames { roost_futex_wait(control.futex(.forRequest), 1, nanoseconds) }
        sleeping.store(0, ordering: .sequentiallyConsistent)
        return requests.hasFrames
    }

    /// Asks the front to ring the loop's bell at its next frame.
    ///
    /// Never waits. For the loop's lane, whose reader sleeps elsewhere.
    ///
    /// - Returns: false when a frame is there already: then read it first.
    public func askForBell() -> Bool {
        let sleeping = control.atomic(.forRequest)
        sleeping.store(1, ordering: .sequentiallyConsistent)
        guard requests.hasFrames else { return true }
        sleeping.store(0, ordering: .sequentiallyConsistent)
        return false
    }

    /// Whether a frame of the front is there.
    public var hasFrames: Bool { requests.hasFrames }

    /// Whether requests wait in the front for a thread, as far as it has said.
    public var hasBacklog: Bool { header.atomic(.backlog).load(ordering: .relaxed) != 0 }

    /// The next frame of the front, still in the ring; the payload stays valid until ``consume(_:)``.
    ///
    /// A request can still be taken back by the front: ``claim(_:)`` it before it runs. Those that were taken back
    /// already are passed over, so that there may be none although ``wait()`` has returned.
    public mutating func peek() throws(LinkViolation) -> (header: FrameHeader, payload: UnsafeRawBufferPointer)? {
        while let frame = try requests.peek() {
            guard frame.header.kind == FrameKind.request.rawValue, FrameClaim.isRevoked(requests.next) else {
                return frame
            }
            requests.consume(frame.header)
        }
        return nil
    }

    /// Claims the request that ``peek()`` found: the front can't take it back any more.
    ///
    /// To be called as late as can be, when the thread has the GIL: until then a request whose worker does not come to it
    /// can go to another one.
    ///
    /// - Parameter header: The frame's.
    /// - Returns: false when the front has taken it back meanwhile; its room is given back then.
    public mutating func claim(_ header: FrameHeader) -> Bool {
        if FrameClaim.claim(requests.next) { return true }
        requests.consume(header)
        return false
    }

    /// Gives the frame's room back to the front.
    public mutating func consume(_ header: FrameHeader) {
        requests.consume(header)
    }

    /// Whether the client of `stream` has left.
    public func isCancelled(_ stream: UInt64) -> Bool {
        control.atomic(.cancelled).load(ordering: .acquiring) == stream
    }

    /// Tells the front that `stream` may be given to another worker should this one die.
    public func markIdempotent(_ stream: UInt64) {
        control.atomic(.idempotent).store(stream, ordering: .releasing)
    }

    /// Puts off the deadline of `stream` to `until`, in nanoseconds of CLOCK_MONOTONIC.
    public func extendDeadline(of stream: UInt64, until: UInt64) {
        // Between the two the front must not take a new time for the old stream's.
        control.atomic(.extended).store(0, ordering: .releasing)
        control.atomic(.extendedUntil).store(until, ordering: .releasing)
        control.atomic(.extended).store(stream, ordering: .releasing)
    }

    /// Tells the front which thread serves this lane: `id` as the kernel numbers it, `name` as Python's
    /// `threading.get_ident()` and its stack dumps do.
    public func introduce(id: Int32, name: UInt64) {
        control.atomic(.threadName).store(name, ordering: .releasing)
        control.atomic(.threadID).store(UInt64(UInt32(bitPattern: id)), ordering: .releasing)
    }

    /// Whether a frame of `count` payload bytes can be written at once.
    ///
    /// May be called with the GIL held: it never waits.
    public mutating func hasRoom(for count: Int) -> Bool {
        responses.room(for: FrameHeader.footprint(count)) != nil
    }

    /// Waits until ``hasRoom(for:)``.
    ///
    /// Call without the GIL.
    ///
    /// The front empties the ring as fast as it can run, whatever its clients do, so this is short.
    public mutating func waitForRoom(for count: Int) {
        let footprint = FrameHeader.footprint(min(count, chunkBytes))
        let sleeping = control.atomic(.forRoom)
        while responses.room(for: footprint) == nil {
            sleeping.store(1, ordering: .sequentiallyConsistent)
            if responses.room(for: footprint) != nil {
                sleeping.store(0, ordering: .sequentiallyConsistent)
                return
            }
            ring()
            roost_futex_wait(control.futex(.forRoom), 1, -1)
        }
    }

    /// Writes one frame and tells the front.
    ///
    /// Never waits: the caller has made sure that there is room.
    ///
    /// - Parameters:
    ///   - kind: What the frame means.
    ///   - flags: See ``FrameHeader/isWhole``.
    ///   - stream: The request it belongs to.
    ///   - count: The payload's bytes; at most the ring's size less a header.
    ///   - fill: Writes all of the payload.
    /// - Returns: false when there was no room: then nothing was written.
    @discardableResult
    public mutating func send(
        _ kind: FrameKind,
        flags: UInt8 = 0,
        stream: UInt64,
        count: Int,
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Bool {
        let footprint = FrameHeader.footprint(count)
        guard count >= 0, let place = responses.room(for: footprint) else { return false }
        FrameHeader(length: UInt32(count), kind: kind.rawValue, flags: flags, stream: stream).store(to: place)
        fill(UnsafeMutableRawBufferPointer(start: place + FrameHeader.byteCount, count: count))
        responses.publish(footprint)
        _ = header.atomic(.news, lane / 64).loadThenBitwiseOr(
            with: 1 << UInt64(lane % 64),
            ordering: .sequentiallyConsistent
        )
        ring()
        return true
    }

    /// Rings the front's doorbell if it sleeps.
    @inline(__always)
    private func ring() {
        let asleep = header.atomic(.frontSleeps)
        if asleep.load(ordering: .sequentiallyConsistent) != 0,
            asleep.exchange(0, ordering: .sequentiallyConsistent) != 0
        {
            WorkerControl.ring(doorbell)
        }
    }
}
