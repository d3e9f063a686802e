internal import RequestQueue

/// Decides whether connections are accepted: not beyond the limit, and not with the last descriptors, which the workers
/// and the spool files need.
///
/// What is not accepted waits in the kernel's backlog and costs nothing. `accept(2)` at the limit of open files fails
/// and leaves the connection there, so that a server that tries again at once does nothing else any more.
struct AcceptGate {
    enum State: Equatable {
        /// Connections are not wanted: not yet, or no more. May go to open.
        case shut
        /// They are accepted. May go to shut, full, resting.
        case open
        /// There are as many as there may be. May go to shut, open.
        case full
        /// There are no descriptors to spare; looked at again then. May go to shut, open, resting.
        case resting(until: Instant)
    }

    /// What there is to say, once for each time that it begins.
    enum Notice: Equatable {
        case full
        case outOfDescriptors
        case recovered
    }

    private(set) var state: State
    private let limit: Int
    /// Whether being out of descriptors has been said and is not over.
    private var isShort = false
    private var shortUntil = Instant(nanoseconds: 0)

    /// How long nothing is accepted after descriptors ran out.
    static let rest = Nanoseconds.milliseconds(100)
    /// How long there have to be enough again before that is said, so that a server at the limit does not chatter.
    private static let quiet = Nanoseconds.seconds(5)

    /// Creates a gate for at most `limit` connections.
    init(limit: Int, isOpen: Bool) {
        self.limit = limit
        state = isOpen ? .open : .shut
    }

    var isOpen: Bool { state == .open }

    /// Connections are wanted from now on.
    mutating func open() {
        if state == .shut { state = .open }
    }

    /// None are wanted from now on.
    mutating func shut() {
        state = .shut
    }

    /// Looks anew, after a connection came or went, and every now and then.
    ///
    /// - Parameters:
    ///   - count: the connections there are.
    ///   - isShort: whether descriptors are down to the reserve.
    ///   - now: the time.
    /// - Returns: What there is to say.
    mutating func look(count: Int, isShort: Bool, at now: Instant) -> Notice? {
        switch state {
        case .shut: return nil
        case .open:
            if isShort { return outOfDescriptors(at: now) }
            if count >= limit {
                state = .full
                return .full
            }
        case .full:
            // Some room, or it would open and close with every connection.
            if count < limit - limit / 50 { state = isShort ? .resting(until: now + Self.rest) : .open }
        case .resting(let end):
            guard now >= end else { return nil }
            if isShort {
                state = .resting(until: now + Self.rest)
                shortUntil = now
            } else {
                state = count >= limit ? .full : .open
            }
        }
        guard self.isShort, state == .open, now.since(shortUntil) > Self.quiet else { return nil }
        self.isShort = false
        return .recovered
    }

    /// `accept(2)` found no descriptor, or there is only the reserve.
    mutating func outOfDescriptors(at now: Instant) -> Notice? {
        guard state != .shut else { return nil }
        state = .resting(until: now + Self.rest)
        shortUntil = now
        defer { isShort = true }
        return isShort ? nil : .outOfDescriptors
    }
}
