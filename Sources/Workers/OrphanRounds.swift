/// Which ended processes that became the front's children by the end of their own parent are to be reaped.
///
/// With a template, or as the first process of a container, the front is the parent of whatever a worker leaves behind: a
/// background job, a daemon. One that has ended stays a zombie until it is reaped. A process that somebody else in this
/// program started must be left to them; so only one that is still there a round later is taken.
struct OrphanRounds: Sendable, Equatable {
    /// Seen in the last round and left.
    private(set) var candidate: Int32?

    /// Decides about `pid`, which has ended.
    ///
    /// - Parameters:
    ///   - pid: The process.
    ///   - isOurs: Whether it is a worker or a template, which are reaped when their end is noticed.
    /// - Returns: Whether to reap it, and then to look for another; if not, this round is over.
    mutating func takes(_ pid: Int32, isOurs: Bool) -> Bool {
        guard !isOurs else { return false }
        guard candidate == pid else {
            candidate = pid
            return false
        }
        candidate = nil
        return true
    }

    /// Seconds until the next round: soon when there is something to take.
    var interval: Duration { candidate == nil ? .seconds(5) : .seconds(1) }
}
