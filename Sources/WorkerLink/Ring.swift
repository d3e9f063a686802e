internal import Atomics

/// The writing end of one ring.
///
/// Owned by one thread.
///
/// Positions only grow; `tail - head` is what lies unread. The other side's position is a stranger's word: it is checked,
/// never trusted.
struct RingProducer {
    let base: UnsafeMutableRawPointer
    let capacity: Int
    let tailWord: UnsafeAtomic<UInt64>
    let headWord: UnsafeAtomic<UInt64>
    private(set) var tail: UInt64 = 0
    /// The last head seen: reading the other side's cache line only when this one says "full".
    private var seenHead: UInt64 = 0

    init(base: UnsafeMutableRawPointer, capacity: Int, tail: UnsafeAtomic<UInt64>, head: UnsafeAtomic<UInt64>) {
        self.base = base
        self.capacity = capacity
        tailWord = tail
        headWord = head
    }

    /// Whether the other side's position is impossible.
    private(set) var isBroken = false

    /// Where `footprint` bytes may be written, or nil while the ring is too full, or its other side is broken.
    @inline(__always)
    mutating func room(for footprint: Int) -> UnsafeMutableRawPointer? {
        if tail &- seenHead &+ UInt64(footprint) > UInt64(capacity) {
            seenHead = headWord.load(ordering: .sequentiallyConsistent)
            let used = tail &- seenHead
            // Ahead of us, or further behind than the ring is long.
            guard used <= UInt64(capacity) else {
                isBroken = true
                return nil
            }
            guard used + UInt64(footprint) <= UInt64(capacity) else { return nil }
        }
        return isBroken ? nil : base + Int(tail & UInt64(capacity - 1))
    }

    /// Makes what was written visible to the other side.
    @inline(__always)
    mutating func publish(_ footprint: Int) {
        tail &+= UInt64(footprint)
        tailWord.store(tail, ordering: .sequentiallyConsistent)
    }
}

/// The reading end of one ring.
///
/// Owned by one thread.
struct RingConsumer {
    let base: UnsafeMutableRawPointer
    let capacity: Int
    let tailWord: UnsafeAtomic<UInt64>
    let headWord: UnsafeAtomic<UInt64>
    /// How far it was read.
    private(set) var head: UInt64 = 0
    /// How far its room was given back.
    private var released: UInt64 = 0

    init(base: UnsafeMutableRawPointer, capacity: Int, tail: UnsafeAtomic<UInt64>, head: UnsafeAtomic<UInt64>) {
        self.base = base
        self.capacity = capacity
        tailWord = tail
        headWord = head
    }

    /// Bytes that were read and whose room was not given back.
    @inline(__always)
    var held: Int { Int(head &- released) }

    /// Where the next frame lies, if there is one.
    @inline(__always)
    var next: UnsafeMutableRawPointer { base + Int(head & UInt64(capacity - 1)) }

    /// Whether frames lie unread.
    @inline(__always)
    var hasFrames: Bool { tailWord.load(ordering: .sequentiallyConsistent) != head }

    /// Whether at least half of the ring is free.
    var isHalfEmpty: Bool { tailWord.load(ordering: .sequentiallyConsistent) &- head <= UInt64(capacity / 2) }

    /// The next frame, which stays in the ring until ``consume(_:)``.
    ///
    /// The payload is shared memory: the other side may change it while it is read. Copy before checking.
    @inline(__always)
    func peek() throws(LinkViolation) -> (header: FrameHeader, payload: UnsafeRawBufferPointer)? {
        let tail = tailWord.load(ordering: .sequentiallyConsistent)
        let unread = tail &- head
        if unread == 0 { return nil }
        guard unread <= UInt64(capacity), unread >= UInt64(FrameHeader.byteCount) else { throw .positionOutOfRange }
        let start = UnsafeRawPointer(next)
        let header = FrameHeader.load(from: start)
        guard FrameHeader.footprint(Int(header.length)) <= Int(unread) else { throw .frameOverrunsRing }
        return (
            header,
            UnsafeRawBufferPointer(start: start + FrameHeader.byteCount, count: Int(header.length))
        )
    }

    /// The header of the frame behind the one that ``peek()`` found, if it is there already.
    ///
    /// Not checked: good for a guess at what comes next.
    @inline(__always)
    func follower(of header: FrameHeader) -> FrameHeader? {
        let place = head &+ UInt64(FrameHeader.footprint(Int(header.length)))
        let unread = Int64(bitPattern: tailWord.load(ordering: .sequentiallyConsistent) &- place)
        guard unread >= FrameHeader.byteCount else { return nil }
        return FrameHeader.load(from: base + Int(place & UInt64(capacity - 1)))
    }

    /// Goes on to the next frame; the room of this one stays taken until ``release()``.
    @inline(__always)
    mutating func pass(_ header: FrameHeader) {
        head &+= UInt64(FrameHeader.footprint(Int(header.length)))
    }

    /// Gives the room of all frames that were passed back.
    @inline(__always)
    mutating func release() {
        released = head
        headWord.store(head, ordering: .sequentiallyConsistent)
    }

    /// Gives the room of a frame back, and of those that were passed before it.
    @inline(__always)
    mutating func consume(_ header: FrameHeader) {
        pass(header)
        release()
    }
}
