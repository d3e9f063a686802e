/// Waits until whoever writes has finished: editors write a file several times, `git checkout` writes hundreds.
///
/// The clock is the caller's.
struct Debounce: Sendable {
    /// How long nothing may happen before what happened counts as one change.
    let quiet: Duration
    /// How long a change may go on before it counts all the same.
    let longest: Duration

    private var first: ContinuousClock.Instant?
    private var last: ContinuousClock.Instant?

    /// Creates one at rest.
    ///
    /// A tenth of a second is longer than the pause between the two writes of an editor with a formatter, and shorter
    /// than the way from the editor to the browser.
    init(quiet: Duration = .milliseconds(100), longest: Duration = .seconds(1)) {
        self.quiet = quiet
        self.longest = longest
    }

    /// When what was noticed counts; nil when nothing was.
    var deadline: ContinuousClock.Instant? {
        guard let first, let last else { return nil }
        return min(last + quiet, first + longest)
    }

    /// Something happened.
    mutating func noticed(at now: ContinuousClock.Instant) {
        first = first ?? now
        last = now
    }

    /// Whether it is time, once: afterwards it rests.
    mutating func takeDue(at now: ContinuousClock.Instant) -> Bool {
        guard let deadline, deadline <= now else { return false }
        (first, last) = (nil, nil)
        return true
    }
}
