internal import RequestQueue

/// The storage of all sessions: an array with a list of free places.
struct SessionSlab: Sendable {
    /// No session, as an index.
    static let none: Int32 = -1

    enum State: Sendable {
        /// No session is here, or one that holds WebSockets.
        case unlisted
        /// It was given its name a moment ago, and has not used it yet.
        case newcomer
        /// It was given its name, and has not used it at once.
        case unclaimed
        /// It was seen a short time ago.
        case present
        /// It was seen longer ago.
        case remembered
    }

    struct Entry: Sendable {
        var session: SessionID
        /// Nil when its worker has ended.
        var worker: WorkerID?
        var seenAt = Instant(nanoseconds: 0)
        var sockets = 0
        var isSeated = false
        var state = State.unlisted
        /// The neighbours in its list; `next` also links the free places.
        var next = SessionSlab.none
        var previous = SessionSlab.none
    }

    private(set) var entries: [Entry] = []
    private var firstFree = SessionSlab.none

    subscript(index: Int32) -> Entry {
        _read { yield entries[Int(index)] }
        _modify { yield &entries[Int(index)] }
    }

    /// Takes a free place for a session.
    mutating func take(_ session: SessionID) -> Int32 {
        guard firstFree == SessionSlab.none else {
            let index = firstFree
            firstFree = self[index].next
            self[index] = Entry(session: session)
            return index
        }
        entries.append(Entry(session: session))
        return Int32(truncatingIfNeeded: entries.count - 1)
    }

    /// Gives a place back, whose session must be in no list.
    mutating func free(_ index: Int32) {
        self[index] = Entry(session: SessionID(high: 0, low: 0))
        self[index].next = firstFree
        firstFree = index
    }
}

/// The sessions of one state in the order in which they were seen, linked through the slab.
struct AgeList: Sendable {
    /// The one that was seen longest ago, or `SessionSlab.none`.
    private(set) var oldest = SessionSlab.none
    private var newest = SessionSlab.none

    /// Puts a session at the end.
    mutating func append(_ index: Int32, in slab: inout SessionSlab) {
        slab[index].next = SessionSlab.none
        slab[index].previous = newest
        if newest == SessionSlab.none {
            oldest = index
        } else {
            slab[newest].next = index
        }
        newest = index
    }

    /// Takes a session, which must be in this list, out of it.
    mutating func remove(_ index: Int32, in slab: inout SessionSlab) {
        let (next, previous) = (slab[index].next, slab[index].previous)
        if previous == SessionSlab.none {
            oldest = next
        } else {
            slab[previous].next = next
        }
        if next == SessionSlab.none {
            newest = previous
        } else {
            slab[next].previous = previous
        }
    }
}
