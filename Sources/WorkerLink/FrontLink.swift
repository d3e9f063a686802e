internal import Atomics

/// The front's end of one worker: its lanes, which of them have news, and when the doorbell is wanted.
///
/// Confined to one event loop. The region goes with it, whole, when the worker dies.
public final class FrontLink {
    /// The shared memory.
    public let region: LinkRegion
    /// One for each thread of the worker.
    public var lanes: [FrontLane]
    /// The one of an event loop.
    public var loop: FrontLane
    private let header: LinkHeader

    /// Creates the front's end of `region`.
    public init(region: LinkRegion) {
        self.region = region
        lanes = (0..<region.geometry.lanes).map { FrontLane(region: region, lane: $0) }
        loop = FrontLane(region: region, lane: LinkGeometry.loopLane)
        header = region.header
    }

    /// Whether a message was announced on the control socket since the last call.
    public func takeControlNews() -> Bool {
        header.atomic(.controlNews).load(ordering: .acquiring) != 0
            && header.atomic(.controlNews).exchange(0, ordering: .acquiringAndReleasing) != 0
    }

    /// Calls `visit` once for each lane that has had frames written since the last call; with
    /// ``LinkGeometry/loopLane`` for the loop's.
    ///
    /// - Returns: Whether there was any.
    @inline(__always)
    public func visitNews(_ visit: (Int) -> Void) -> Bool {
        var found = false
        for word in 0..<(lanes.count + 63) / 64 {
            let news = header.atomic(.news, word)
            guard news.load(ordering: .sequentiallyConsistent) != 0 else { continue }
            var bits = news.exchange(0, ordering: .sequentiallyConsistent)
            while bits != 0 {
                let lane = word * 64 + bits.trailingZeroBitCount
                bits &= bits - 1
                // A bit beyond the lanes is a stranger's scribble.
                guard lane < lanes.count else { continue }
                found = true
                visit(lane)
            }
        }
        let news = header.atomic(.news, LinkGeometry.loopLane / 64)
        if news.load(ordering: .sequentiallyConsistent) != 0,
            news.exchange(0, ordering: .sequentiallyConsistent) & 1 != 0
        {
            found = true
            visit(LinkGeometry.loopLane)
        }
        return found
    }

    /// Has the next ``visitNews(_:)`` look at a lane again, in which frames were left; ``LinkGeometry/loopLane`` is the loop's.
    public func leaveForLater(_ lane: Int) {
        _ = header.atomic(.news, lane / 64).loadThenBitwiseOr(
            with: 1 << UInt64(lane % 64),
            ordering: .sequentiallyConsistent
        )
    }

    /// Tells the worker's threads whether requests wait: a thread that finishes then has its next one in microseconds.
    public func setBacklog(_ exists: Bool) {
        header.atomic(.backlog).store(exists ? 1 : 0, ordering: .relaxed)
    }

    /// Asks for the doorbell at the next news.
    ///
    /// - Returns: false when there is news already: then visit it first. Without this second look a frame written between
    ///   the last visit and this call would lie unseen until the next one.
    public func sleep() -> Bool {
        header.atomic(.frontSleeps).store(1, ordering: .sequentiallyConsistent)
        for word in 0..<(lanes.count + 63) / 64
        where header.atomic(.news, word).load(ordering: .sequentiallyConsistent) != 0 {
            header.atomic(.frontSleeps).store(0, ordering: .sequentiallyConsistent)
            return false
        }
        guard header.atomic(.news, LinkGeometry.loopLane / 64).load(ordering: .sequentiallyConsistent) == 0 else {
            header.atomic(.frontSleeps).store(0, ordering: .sequentiallyConsistent)
            return false
        }
        return header.atomic(.controlNews).load(ordering: .sequentiallyConsistent) == 0
    }

    /// Says that the front is awake and looks by itself: no doorbell needed.
    public func awake() {
        header.atomic(.frontSleeps).store(0, ordering: .relaxed)
    }
}

@available(*, unavailable)
extension FrontLink: Sendable {}
