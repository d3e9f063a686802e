/// How long to wait before a worker that died is replaced.
///
/// A worker that served for a while and then crashed is replaced at once: whatever killed it is rare. One that dies
/// again and again is started ever more rarely, so that a broken app costs neither the machine nor its neighbours much.
/// The randomness keeps workers that died of one cause, such as a database that went away, from coming back in step.
struct Backoff: Sendable, Equatable {
    /// The wait after the first short life.
    static let first = Duration.milliseconds(100)
    /// The longest wait.
    static let longest = Duration.seconds(30)
    /// A worker that served this long has proved itself: its death starts the count anew.
    static let provenLife = Duration.seconds(10)

    /// Short lives in a row.
    private(set) var failures = 0

    /// Counts a death.
    ///
    /// - Parameters:
    ///   - life: How long the worker served; zero when it never became ready.
    ///   - jitter: A random number in 0 … 1, which takes up to a quarter off the wait.
    /// - Returns: The wait before the next start.
    mutating func wait(afterLife life: Duration, jitter: Double) -> Duration {
        guard life < Self.provenLife else {
            failures = 0
            return .zero
        }
        // Past the cap, more doublings say nothing more; stopping there also keeps the shift small.
        failures = min(failures + 1, 32)
        let doubled = failures > 16 ? Self.longest : min(Self.longest, Self.first * (1 << (failures - 1)))
        let part = jitter.isFinite ? min(max(jitter, 0), 1) : 0
        return doubled * (1 - part / 4)
    }
}
