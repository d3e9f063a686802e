internal import WorkerLink

/// What shares the lane of a worker's event loop with others: a request, or a WebSocket.
///
/// Confined to the front's loop.
protocol LaneSharer: AnyObject {
    /// On which of its worker's lists it stands.
    var listing: LaneListing { get set }
    /// Everything that has come so far was told: a good moment to flush.
    func paused()
    /// There is room in the ring again: what is owed is told, and its client goes on.
    func goOn(through dispatcher: Dispatcher, on seat: WorkerSeat)
}

/// On which lists one of those stands that share a lane.
struct LaneListing: Sendable, Equatable {
    /// Whether it is told when this visit has ended, see ``LaneSharer/paused()``.
    var isTouched = false
    /// Whether it waits for room in the ring.
    var wantsRoom = false
}

/// Who among those that share a lane is to be seen to: each once, in the order in which they asked.
struct LaneSharing {
    private var touched: [any LaneSharer] = []
    private var wanting: [any LaneSharer] = []

    /// Whether any waits for room.
    var isWanting: Bool { !wanting.isEmpty }

    /// Has one told of the end of this visit.
    mutating func touch(_ sharer: any LaneSharer) {
        guard !sharer.listing.isTouched else { return }
        sharer.listing.isTouched = true
        touched.append(sharer)
    }

    /// Takes all that were touched.
    mutating func takeTouched() -> [any LaneSharer] {
        defer { touched = [] }
        for sharer in touched { sharer.listing.isTouched = false }
        return touched
    }

    /// Puts one down for room.
    ///
    /// - Returns: false when it was already.
    mutating func want(_ sharer: any LaneSharer) -> Bool {
        guard !sharer.listing.wantsRoom else { return false }
        sharer.listing.wantsRoom = true
        wanting.append(sharer)
        return true
    }

    /// Takes all who want room; those that still find none ask again.
    mutating func takeWanting() -> [any LaneSharer] {
        defer { wanting = [] }
        for sharer in wanting { sharer.listing.wantsRoom = false }
        return wanting
    }
}
