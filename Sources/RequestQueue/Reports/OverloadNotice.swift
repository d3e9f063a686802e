/// Decides when the log speaks of a queue: at most once a second while requests wait, and once when that is over.
///
/// ```
///            somebody waited > 100 ms, or was refused
///    quiet ──────────────────────────────────────────▶ standing   says so at once, then each second
///      ▲                                                  │
///      └──────────────────────────────────────────────────┘
///          nobody waited and nobody was refused for a second: says that it is over
/// ```
///
/// The owner shows it the queue now and then, for instance ten times a second and after each refusal. 100 ms is what
/// a person begins to notice; shorter waits are how a busy server normally looks.
public struct OverloadNotice: Sendable, Hashable {
    /// The queue time above which a waiting request is worth a word.
    public static let threshold = Nanoseconds.milliseconds(100)

    /// The least time between two reports, and the time without waiting after which it is over.
    public static let interval = Nanoseconds.seconds(1)

    private enum State: Sendable, Hashable {
        /// Nothing to say. Goes to `standing`.
        case quiet
        /// Requests wait. Goes to `quiet`.
        case standing(Episode)
    }

    private struct Episode: Sendable, Hashable {
        var began: Instant
        var lastReport: Instant
        var lastTrouble: Instant
        var maximumDepth: Int
        var refusedBefore: UInt64
    }

    private var state = State.quiet
    private var refused: UInt64 = 0

    /// Creates a notice for a queue that has refused nothing yet.
    public init() {}

    /// A boolean value indicating whether the log has said that requests wait and not yet that it is over.
    public var isStanding: Bool {
        state != .quiet
    }

    /// Takes a look at the queue and returns what to log now, if anything.
    public mutating func look(at snapshot: QueueSnapshot, now: Instant) -> OverloadReport? {
        let hasRefused = snapshot.refused != refused
        let refusedBefore = refused
        refused = snapshot.refused
        switch state {
        case .quiet:
            guard hasRefused || snapshot.depth > 0 && snapshot.oldestWait > OverloadNotice.threshold else { return nil }
            state = .standing(
                Episode(
                    began: Instant(nanoseconds: now.since(Instant(nanoseconds: snapshot.oldestWait.count)).count),
                    lastReport: now,
                    lastTrouble: now,
                    maximumDepth: snapshot.depth,
                    refusedBefore: refusedBefore
                )
            )
            return .standing(snapshot)
        case .standing(var episode):
            episode.maximumDepth = max(episode.maximumDepth, snapshot.depth)
            if hasRefused || snapshot.depth > 0 {
                episode.lastTrouble = now
            }
            if now.since(episode.lastTrouble) >= OverloadNotice.interval {
                state = .quiet
                return .over(
                    lasted: episode.lastTrouble.since(episode.began),
                    maximumDepth: episode.maximumDepth,
                    refused: snapshot.refused &- episode.refusedBefore
                )
            }
            let isDue = episode.lastTrouble == now && now.since(episode.lastReport) >= OverloadNotice.interval
            if isDue { episode.lastReport = now }
            state = .standing(episode)
            return isDue ? .standing(snapshot) : nil
        }
    }
}
