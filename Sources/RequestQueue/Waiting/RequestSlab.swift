/// The storage of all requests that wait or run: an array with a list of free places, so that steady traffic
/// allocates nothing.
struct RequestSlab: Sendable {
    /// No request, as an index.
    static let none: Int32 = -1

    enum State: Sendable {
        /// No request is here. Goes to `waiting`.
        case free
        /// In its class's line. Goes to `running` or `free`.
        case waiting
        /// Laid ready behind a running one, see `stage(at:)`. Goes to `waiting` or `running`.
        case staged
        /// On a thread. Goes to `free`, or back to `waiting`.
        case running
    }

    struct Entry: Sendable {
        var offeredAt = Instant(nanoseconds: 0)
        var deadline = Instant(nanoseconds: 0)
        /// How many were let in before this one: its place in the order, across all lines.
        var order: UInt64 = 0
        /// Where it runs; while it waits, where it must go, if it is pinned.
        var worker = WorkerID(raw: 0)
        var thread: Int32 = 0
        var generation: UInt32 = 0
        /// The request behind this one in its line, or the next free place.
        var next = RequestSlab.none
        /// The request before this one in its line.
        var previous = RequestSlab.none
        var state = State.free
        var requestClass = RequestClass.standard
        var isInShare = false
        /// Whether it may go to `worker` only.
        var isPinned = false
    }

    private(set) var entries: [Entry] = []
    private var firstFree = RequestSlab.none

    subscript(index: Int32) -> Entry {
        _read { yield entries[Int(index)] }
        _modify { yield &entries[Int(index)] }
    }

    /// Returns which of two requests came first; the other where one is `RequestSlab.none`.
    func earlier(_ left: Int32, _ right: Int32) -> Int32 {
        if left == RequestSlab.none { return right }
        return right == RequestSlab.none || self[left].order < self[right].order ? left : right
    }

    /// Returns which of two requests came last; the other where one is `RequestSlab.none`.
    func later(_ left: Int32, _ right: Int32) -> Int32 {
        if left == RequestSlab.none { return right }
        return right == RequestSlab.none || self[left].order > self[right].order ? left : right
    }

    /// Takes a free place; the caller sets every field but the generation and the links.
    mutating func take() -> Int32 {
        guard firstFree == RequestSlab.none else {
            let index = firstFree
            firstFree = self[index].next
            return index
        }
        entries.append(Entry())
        return Int32(truncatingIfNeeded: entries.count - 1)
    }

    /// Ends the request at `index`; its ticket is stale from now on.
    mutating func free(_ index: Int32) {
        self[index].generation &+= 1
        self[index].state = .free
        self[index].next = firstFree
        firstFree = index
    }

    /// Returns the ticket of the request at `index`.
    func ticket(_ index: Int32) -> RequestTicket {
        RequestTicket(index: index, generation: self[index].generation)
    }

    /// Returns whether the request of `ticket` is still there.
    func holds(_ ticket: RequestTicket) -> Bool {
        guard ticket.index >= 0, Int(ticket.index) < entries.count else { return false }
        return self[ticket.index].generation == ticket.generation && self[ticket.index].state != .free
    }
}
