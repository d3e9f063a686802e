internal import Atomics
internal import CRoostSystem
internal import Glibc

/// The front's end of one lane.
///
/// Confined to the event loop that owns the worker's ``FrontLink``.
public struct FrontLane {
    private var requests: RingProducer
    private var responses: RingConsumer
    private let control: LaneControl
    /// Where an event loop sleeps; negative for a thread, which sleeps on a futex.
    private var bell: Int32 = -1
    /// What the next frame has to be, while frames are held.
    private var run: (stream: UInt64, kind: UInt8)?
    /// How many are held.
    private var held = 0

    init(region: LinkRegion, lane: Int) {
        control = region.laneControl(lane)
        requests = RingProducer(
            base: region.requestRing(lane),
            capacity: region.geometry.requestRingBytes(of: lane),
            tail: control.atomic(.requestTail),
            head: control.atomic(.requestHead)
        )
        responses = RingConsumer(
            base: region.responseRing(lane),
            capacity: region.geometry.responseRingBytes(of: lane),
            tail: control.atomic(.responseTail),
            head: control.atomic(.responseHead)
        )
    }

    /// Writes one frame and wakes the thread if it sleeps.
    ///
    /// - Parameters:
    ///   - kind: What the frame means.
    ///   - flags: Depends on the kind.
    ///   - stream: The request it belongs to.
    ///   - count: The payload's bytes.
    ///   - isUrgent: Whether a worker that sleeps is woken for it; if not, the frame is seen when another one wakes it.
    ///   - fill: Writes all of the payload.
    /// - Returns: Who has the frame; nil when the ring has no room: then nothing was written.
    public mutating func send(
        _ kind: FrameKind,
        flags: UInt8 = 0,
        stream: UInt64,
        count: Int,
        isUrgent: Bool = true,
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> FrameClaim? {
        let footprint = FrameHeader.footprint(count)
        guard count >= 0, let place = requests.room(for: footprint) else { return nil }
        let claim = FrameClaim(header: place, position: requests.tail, head: requests.headWord)
        FrameHeader(length: UInt32(count), kind: kind.rawValue, flags: flags, stream: stream).store(to: place)
        fill(UnsafeMutableRawBufferPointer(start: place + FrameHeader.byteCount, count: count))
        requests.publish(footprint)
        if isUrgent { wake(.forRequest) }
        return claim
    }

    /// Wakes the worker for the frames that were not urgent: to be called when there is no room behind them.
    public mutating func wakeReader() {
        wake(.forRequest)
    }

    /// Where the payload of the next frame goes: what is written there need not be copied when it is sent.
    ///
    /// - Returns: nil when a payload of `count` bytes has no room.
    public mutating func payloadRoom(_ count: Int) -> UnsafeMutableRawBufferPointer? {
        guard let place = requests.room(for: FrameHeader.footprint(count)) else { return nil }
        return UnsafeMutableRawBufferPointer(start: place + FrameHeader.byteCount, count: count)
    }

    /// Wakes an event loop through `bell`, an eventfd that the worker watches; not owned.
    public mutating func setBell(_ bell: Int32) {
        self.bell = bell
    }

    /// Whether a frame of `count` payload bytes can be written now with `spare` bytes left for others.
    public mutating func hasRoom(for count: Int, sparing spare: Int = 0) -> Bool {
        requests.room(for: FrameHeader.footprint(count) + spare) != nil
    }

    /// How far the worker has read: there is no more room than before until it has read more.
    ///
    /// The worker's word.
    public var readPosition: UInt64 { requests.headWord.load(ordering: .sequentiallyConsistent) }

    /// Whether the worker has set its reading position to where it can't be: kill it.
    public var isBroken: Bool { requests.isBroken }

    /// Tells the thread that the client of `stream` has left.
    ///
    /// It finds out at its next write.
    public func cancel(_ stream: UInt64) {
        control.atomic(.cancelled).store(stream, ordering: .releasing)
    }

    /// Whether the app has said that `stream` may be answered twice.
    ///
    /// The worker's word: good for one retry, no more.
    public func isIdempotent(_ stream: UInt64) -> Bool {
        control.atomic(.idempotent).load(ordering: .acquiring) == stream
    }

    /// Until when the app wants to be let work on `stream`, in nanoseconds of CLOCK_MONOTONIC; nil when it said nothing.
    ///
    /// The worker's word: to be bounded by who reads it.
    public func extendedDeadline(of stream: UInt64) -> UInt64? {
        guard control.atomic(.extended).load(ordering: .acquiring) == stream else { return nil }
        return control.atomic(.extendedUntil).load(ordering: .relaxed)
    }

    /// The thread that serves this lane, nil before it runs: its number in `/proc/PID/task`, and the name under which
    /// Python's stack dumps show it (`Thread 0x00007f…`).
    ///
    /// The worker's word: a number that is not in its `/proc/PID/task` is none of its threads.
    public var thread: (id: Int32, name: UInt64)? {
        let word = control.atomic(.threadID).load(ordering: .acquiring)
        guard let id = Int32(exactly: word), id > 0 else { return nil }
        return (id, control.atomic(.threadName).load(ordering: .acquiring))
    }

    /// The next frame of the worker, still in shared memory.
    ///
    /// Followed by ``consume(_:)`` or ``hold(_:)``.
    ///
    /// - Throws: ``LinkViolation`` when the ring's positions or the frame's length are impossible, or when what goes on
    ///   behind a frame that is held is gone.
    public func peek() throws(LinkViolation) -> (header: FrameHeader, payload: UnsafeRawBufferPointer)? {
        let frame = try responses.peek()
        if let run {
            guard let next = frame?.header, next.stream == run.stream, next.kind == run.kind else {
                throw .unexpectedFrame
            }
        }
        return frame
    }

    /// Whether the frame behind this one, which ``peek()`` has found, is there too and goes on with its body or message,
    /// so that this one is worth holding.
    ///
    /// The worker's word until the next ``peek()``, which sees to it that it is kept.
    public func isFollowed(_ header: FrameHeader) -> Bool {
        // Small ones are copied together.
        guard header.length >= Self.leastHeld, held < Self.mostHeld, responses.held < responses.capacity / 2 else {
            return false
        }
        guard let next = responses.follower(of: header), next.stream == header.stream, next.kind == header.kind else {
            return false
        }
        switch FrameKind(rawValue: header.kind) {
        case .chunk: return next.length > 0
        case .appMessage: return header.flags & FrameHeader.continues != 0 && next.length > 0
        default: return false
        }
    }
    private static let leastHeld = 4 << 10
    private static let mostHeld = 64

    /// Goes on to the next frame, which ``isFollowed(_:)`` has found; this one's payload stays where it is until that is
    /// consumed.
    public mutating func hold(_ header: FrameHeader) {
        responses.pass(header)
        run = (header.stream, header.kind)
        held += 1
    }

    /// Gives back the frame's room and that of those that were held before it, and wakes the thread if it waits for room
    /// and there is much: waking it for each frame would cost more than the frame.
    ///
    /// The largest frame is a fourth of the ring: half of it is enough for any.
    public mutating func consume(_ header: FrameHeader) {
        responses.consume(header)
        run = nil
        held = 0
        if control.atomic(.forRoom).load(ordering: .sequentiallyConsistent) != 0, responses.isHalfEmpty {
            wake(.forRoom)
        }
    }

    @inline(__always)
    private func wake(_ word: LaneControl.Sleep) {
        let sleeping = control.atomic(word)
        if sleeping.load(ordering: .sequentiallyConsistent) != 0,
            sleeping.exchange(0, ordering: .sequentiallyConsistent) != 0
        {
            if bell >= 0, word == .forRequest {
                var one: UInt64 = 1
                // Full would mean that it is rung already.
                _ = write(bell, &one, 8)
            } else {
                roost_futex_wake(control.futex(word), 1)
            }
        }
    }
}
