internal import Atomics
internal import CRoostSystem
internal import Glibc

/// A failed system call while a link was made.
public struct LinkError: Error, Sendable, CustomStringConvertible {
    /// The call that failed.
    public let call: String
    /// Its errno.
    public let code: Int32
    /// The call and the reason, for people.
    public var description: String { "\(call) failed: \(String(cString: strerror(code)))" }

    init(_ call: String) {
        self.call = call
        self.code = errno
    }
}

// @unchecked: the pointers are set once; what they point to is reached through atomics, or has one owner by protocol.
/// The shared memory of one worker, mapped into this process.
///
/// Every ring is mapped twice in a row, so that a frame that wraps around its end is still one run of bytes.
/// The memory is sealed against being resized: no worker can make the front fault by cutting it short.
/// Unmapped when the last reference goes; whoever holds a lane holds the region.
public final class LinkRegion: @unchecked Sendable {
    /// What lies where.
    public let geometry: LinkGeometry
    /// The descriptor to hand to the other process.
    ///
    /// Owned by this object.
    public let descriptor: Int32
    let control: UnsafeMutableRawPointer
    private let controlBytes: Int
    private var rings: [(base: UnsafeMutableRawPointer, byteCount: Int)] = []

    /// Creates new shared memory.
    ///
    /// - Throws: ``LinkError`` when the kernel refuses memory or descriptors.
    public convenience init(creating geometry: LinkGeometry) throws(LinkError) {
        let descriptor = roost_sealed_memory("roost-link", geometry.byteCount)
        guard descriptor >= 0 else { throw LinkError("memfd_create") }
        try self.init(mapping: descriptor, geometry: geometry)
        header.store(LinkRegion.magic, at: .magic)
    }

    /// Maps memory that another process made.
    ///
    /// Takes the descriptor over.
    ///
    /// - Throws: ``LinkError`` when the memory is not there or not of this form.
    public convenience init(adopting descriptor: Int32, geometry: LinkGeometry) throws(LinkError) {
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_size == geometry.byteCount else {
            close(descriptor)
            errno = EINVAL
            throw LinkError("the link's size")
        }
        try self.init(mapping: descriptor, geometry: geometry)
        guard header.load(.magic) == LinkRegion.magic else {
            errno = EPROTO
            throw LinkError("the link's magic number")
        }
    }

    private init(mapping descriptor: Int32, geometry: LinkGeometry) throws(LinkError) {
        self.geometry = geometry
        self.descriptor = descriptor
        controlBytes = geometry.ringsOffset
        guard let control = mmap(nil, controlBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            control != MAP_FAILED
        else {
            let error = LinkError("mmap")
            close(descriptor)
            throw error
        }
        self.control = control
        for lane in Array(0..<geometry.lanes) + [LinkGeometry.loopLane] {
            let (request, response) = (geometry.requestRingBytes(of: lane), geometry.responseRingBytes(of: lane))
            rings.append((try Self.mapTwice(descriptor, geometry.requestRingOffset(lane), request), request))
            rings.append((try Self.mapTwice(descriptor, geometry.responseRingOffset(lane), response), response))
        }
    }

    deinit {
        munmap(control, controlBytes)
        for ring in rings { munmap(ring.base, 2 * ring.byteCount) }
        close(descriptor)
    }

    /// Puts empty memory of this process's own in the place of what is shared, at the same addresses.
    ///
    /// For a forked child: whatever it still reads or writes there is nobody else's, and the shared memory goes when
    /// the two it was made for have gone. Safe where only one thread is left; makes no allocation.
    public func replaceWithEmptyMemory() {
        Self.empty(control, controlBytes)
        for ring in rings { Self.empty(ring.base, 2 * ring.byteCount) }
    }

    private static func empty(_ base: UnsafeMutableRawPointer, _ count: Int) {
        // Not taken from anything until it is written to: MAP_NORESERVE.
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE
        _ = mmap(base, count, PROT_READ | PROT_WRITE, flags, -1, 0)
    }

    private static func mapTwice(
        _ descriptor: Int32,
        _ offset: Int,
        _ count: Int
    ) throws(LinkError) -> UnsafeMutableRawPointer {
        guard let base = mmap(nil, 2 * count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), base != MAP_FAILED
        else { throw LinkError("mmap") }
        for half in [base, base + count] {
            let mapped = mmap(half, count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor, off_t(offset))
            guard mapped != MAP_FAILED else {
                let error = LinkError("mmap")
                munmap(base, 2 * count)
                throw error
            }
        }
        return base
    }

    static let magic: UInt64 = 0x524F_4F53_5400_0002  // "ROOST", version 2

    var header: LinkHeader { LinkHeader(base: control) }
    func laneControl(_ lane: Int) -> LaneControl {
        LaneControl(base: control + geometry.controlOffset + geometry.place(of: lane) * LinkGeometry.laneControlBytes)
    }
    func requestRing(_ lane: Int) -> UnsafeMutableRawPointer { rings[2 * geometry.place(of: lane)].base }
    func responseRing(_ lane: Int) -> UnsafeMutableRawPointer { rings[2 * geometry.place(of: lane) + 1].base }
}

/// The words at the start of the region.
struct LinkHeader: @unchecked Sendable {
    enum Word: Int {
        case magic = 0
        /// 1 while the front sleeps and wants its doorbell rung. A line of its own: the hottest word.
        case frontSleeps = 64
        /// 1 when a message waits on the control socket.
        case controlNews = 72
        /// Written by the front: 1 while requests wait for a thread.
        case backlog = 80
        /// Five words: a bit for each lane with unread frames; the loop's is the first of the last.
        case news = 128
    }

    let base: UnsafeMutableRawPointer

    func atomic(_ word: Word, _ index: Int = 0) -> UnsafeAtomic<UInt64> {
        UnsafeAtomic(at: (base + word.rawValue + 8 * index).assumingMemoryBound(to: UnsafeAtomic<UInt64>.Storage.self))
    }
    func load(_ word: Word) -> UInt64 { atomic(word).load(ordering: .acquiring) }
    func store(_ value: UInt64, at word: Word) { atomic(word).store(value, ordering: .releasing) }
}

/// The four cache lines of one lane: two that the front writes, two that the worker writes.
struct LaneControl: @unchecked Sendable {
    enum Word: Int {
        /// Written by the front: where the next request byte goes.
        case requestTail = 0
        /// Written by the front: the stream whose client has left, 0 for none.
        case cancelled = 8
        /// Written by the worker: how far it has read.
        case requestHead = 64
        /// Written by the worker: the stream that the app lets be answered twice, 0 for none.
        case idempotent = 88
        /// Written by the worker: the stream whose deadline the app has put off, 0 for none.
        case extended = 96
        /// Written by the worker, before `extended`: until when, in nanoseconds of CLOCK_MONOTONIC.
        case extendedUntil = 104
        /// Written by the worker, once: the kernel's number of the thread, 0 before it runs.
        case threadID = 112
        /// Written by the worker, before `threadID`: what Python's `threading.get_ident()` is there.
        case threadName = 120
        /// Written by the worker: where the next response byte goes.
        case responseTail = 128
        /// Written by the front: how far it has read.
        case responseHead = 192
    }
    /// 32-bit words to sleep on.
    enum Sleep: Int {
        /// 1 while the worker's thread waits for a request.
        case forRequest = 80
        /// 1 while the worker's thread waits for room in its response ring.
        case forRoom = 144
    }

    let base: UnsafeMutableRawPointer

    @inline(__always)
    func atomic(_ word: Word) -> UnsafeAtomic<UInt64> {
        UnsafeAtomic(at: (base + word.rawValue).assumingMemoryBound(to: UnsafeAtomic<UInt64>.Storage.self))
    }
    @inline(__always)
    func atomic(_ word: Sleep) -> UnsafeAtomic<UInt32> {
        UnsafeAtomic(at: (base + word.rawValue).assumingMemoryBound(to: UnsafeAtomic<UInt32>.Storage.self))
    }
    func futex(_ word: Sleep) -> UnsafeMutablePointer<UInt32> {
        (base + word.rawValue).assumingMemoryBound(to: UInt32.self)
    }
}
