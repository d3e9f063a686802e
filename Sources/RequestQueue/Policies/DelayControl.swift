/// Decides whether a queue stands, and whom to shed while it does: CoDel (RFC 8289), as simplified in Facebook's folly
/// and scaled to the service time.
///
/// The signal is the *least* queue time of an interval, not the mean: a burst that drains within the interval has a
/// small one and is no congestion. While it was above the target, what waited more than twice the target is shed at
/// dequeue: its client has waited long, and those behind it can still be answered in time.
///
/// ```
///   queue time                          shed here
///     2 x target ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ╱╲╱╲ ─ ─
///         target ─ ─ ─ ─ ─╱╲─ ─ ─╱╲_╱╲_╱─ ─ ─ ─ ─
///                 ___/╲__╱  ╲___╱   least > target
///                 |  interval   |  interval  |
/// ```
///
/// The interval is ten targets long, so that the dozen callbacks of a page can drain within it. The first request of
/// an interval is never shed, and an interval in which nothing was dequeued does not count as standing: a policy that
/// sheds all it sees must open again by itself.
public struct DelayControl: Sendable, Hashable {
    /// A boolean value indicating whether the queue stood throughout the last interval.
    public private(set) var isStanding = false

    private var intervalEnd = Instant(nanoseconds: 0)
    private var interval = Nanoseconds.zero
    private var least = Nanoseconds.zero

    /// Creates a control for a queue that does not stand.
    public init() {}

    /// Returns the queue time above which a queue stands: the mean service time, and at least `minimum`.
    public static func target(minimum: Nanoseconds, meanService: Nanoseconds?) -> Nanoseconds {
        max(minimum, meanService ?? .zero)
    }

    /// Takes the queue time of one dequeued request into account and returns whether to shed that request.
    public mutating func sheds(waited: Nanoseconds, target: Nanoseconds, at now: Instant) -> Bool {
        // An end that lies further ahead than an interval means that the clock was set back: begin again.
        guard now < intervalEnd, intervalEnd.since(now) <= interval else {
            let isRecent = now >= intervalEnd && now < intervalEnd + interval
            isStanding = isRecent && least > target
            interval = target * 10
            intervalEnd = now + interval
            least = waited
            return false
        }
        least = min(least, waited)
        return isStanding && waited > target * 2
    }
}
