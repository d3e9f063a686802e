/// What is done about changes, one thing after the other.
///
/// ```
/// starting ──ok──▶ serving ──change──▶ reloading ──ok or not──▶ serving (the new code, or the old)
///    └────failed──▶ down ──change──▶ starting
/// ```
///
/// While one start or reload is under way, all that changes meanwhile is one change, for which another one follows.
public struct ReloadSequence: Sendable {
    /// What is under way, or to be done now.
    public enum Work: Sendable, Equatable {
        /// Nothing serves: start workers. The changes are empty for the first start.
        case start(ChangeSet)
        /// Workers serve: start a new generation beside them.
        case reload(ChangeSet)

        /// What it is done for.
        public var changes: ChangeSet {
            switch self {
            case .start(let changes), .reload(let changes): changes
            }
        }
    }

    /// What is under way; nil when changes are waited for.
    public private(set) var work: Work?
    private var began: ContinuousClock.Instant
    /// Whether any code has ever been ready, and so serves now.
    private var serves = false
    /// What has changed since the work began.
    private var waiting = ChangeSet()

    /// Creates the sequence, at the first start.
    public init(at now: ContinuousClock.Instant) {
        work = .start(ChangeSet())
        began = now
    }

    /// Files have changed.
    ///
    /// - Returns: What to do now; nil when there is something under way.
    public mutating func changed(_ changes: ChangeSet, at now: ContinuousClock.Instant) -> Work? {
        waiting.add(changes)
        return work == nil ? begin(at: now) : nil
    }

    /// What was under way is over.
    ///
    /// - Returns: What that was, how long it took, and what to do now; nil when nothing was under way.
    public mutating func ended(
        isReady: Bool,
        at now: ContinuousClock.Instant
    ) -> (done: Work, took: Duration, next: Work?)? {
        guard let done = work else { return nil }
        let took = now - began
        work = nil
        if isReady { serves = true }
        return (done, took, begin(at: now))
    }

    private mutating func begin(at now: ContinuousClock.Instant) -> Work? {
        guard !waiting.isEmpty else { return nil }
        let next: Work = serves ? .reload(waiting) : .start(waiting)
        waiting = ChangeSet()
        work = next
        began = now
        return next
    }
}
