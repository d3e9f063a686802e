internal import Glibc

/// Where everything lies in the shared memory of one worker.
///
/// ```
/// page 0                    LinkHeader: magic, the worker's doorbell flag, which lanes have news
/// page 1 …                  one LaneControl (256 bytes, four cache lines) for each lane, and one for the loop's
/// page n …                  for each lane: request ring, response ring; then the loop's
/// ```
///
/// A *lane* is the pair of rings of one thread of Python. Each ring has one producer and one consumer, so nobody takes
/// a lock, no two responses are interleaved, and a response that fills its ring stops only its own thread.
///
/// One more lane, the *loop's*, is for an event loop: it carries many streams at once, see ``StreamID``. A worker uses
/// either the threads' lanes or the loop's; memory that nobody touches is never there.
public struct LinkGeometry: Sendable, Equatable {
    /// The most lanes a worker can have: one bit each in the header's four news words.
    public static let maximumLanes = 256
    /// The name of the loop's lane.
    public static let loopLane = 256
    /// Bytes of the loop's ring from the front to the worker.
    public static let loopRequestRingBytes = 2 << 20
    /// Bytes of the loop's ring from the worker to the front.
    public static let loopResponseRingBytes = 2 << 20
    /// The largest payload of one frame in the loop's ring from the front to the worker.
    public static let loopRequestChunkBytes = 256 << 10
    /// The largest payload of one frame of a body or message in the loop's ring from the worker to the front, which reads
    /// several at once.
    public static let loopResponseChunkBytes = 64 << 10
    static let laneControlBytes = 256

    /// Lanes, which is threads of Python: 1 … ``maximumLanes``.
    public let lanes: Int
    /// Bytes of each ring from the front to the worker.
    ///
    /// A power of two, and whole pages.
    public let requestRingBytes: Int
    /// Bytes of each ring from the worker to the front.
    ///
    /// A power of two, and whole pages.
    public let responseRingBytes: Int

    /// Creates the geometry for `lanes` threads; sizes are rounded up to a power of two of at least a page.
    public init(lanes: Int, requestRingBytes: Int = 128 << 10, responseRingBytes: Int = 128 << 10) {
        self.lanes = min(max(lanes, 1), Self.maximumLanes)
        self.requestRingBytes = Self.ringSize(requestRingBytes)
        self.responseRingBytes = Self.ringSize(responseRingBytes)
    }

    /// The largest payload that always fits an empty response ring twice over, so that writer and reader overlap.
    public var responseChunkBytes: Int { responseRingBytes / 4 }
    /// The largest payload of one request frame.
    public var requestPayloadBytes: Int { requestRingBytes - FrameHeader.byteCount }

    var controlOffset: Int { Self.pageSize }
    var ringsOffset: Int {
        Self.pageSize + ((lanes + 1) * Self.laneControlBytes + Self.pageSize - 1) / Self.pageSize * Self.pageSize
    }
    /// Bytes of the whole region.
    public var byteCount: Int {
        ringsOffset + lanes * (requestRingBytes + responseRingBytes) + Self.loopRequestRingBytes
            + Self.loopResponseRingBytes
    }

    /// Where the lane stands among all: the loop's is the last.
    func place(of lane: Int) -> Int { lane == Self.loopLane ? lanes : lane }

    func requestRingOffset(_ lane: Int) -> Int {
        ringsOffset + place(of: lane) * (requestRingBytes + responseRingBytes)
    }
    func responseRingOffset(_ lane: Int) -> Int { requestRingOffset(lane) + requestRingBytes(of: lane) }

    func requestRingBytes(of lane: Int) -> Int { lane == Self.loopLane ? Self.loopRequestRingBytes : requestRingBytes }
    func responseRingBytes(of lane: Int) -> Int {
        lane == Self.loopLane ? Self.loopResponseRingBytes : responseRingBytes
    }

    static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))

    private static func ringSize(_ wanted: Int) -> Int {
        var size = pageSize
        while size < wanted && size < 1 << 30 { size *= 2 }
        return size
    }
}
