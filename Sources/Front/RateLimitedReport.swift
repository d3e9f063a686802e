internal import RequestQueue

/// A report of a recurring event, given once per interval with the number of events since the last one.
///
/// A value without a clock: the owner passes the time of each event.
struct RateLimitedReport {
    private let interval: Nanoseconds
    private var last: Instant?
    private var count = 0

    /// Creates a report of which the first event is reported at once.
    init(interval: Nanoseconds) {
        self.interval = interval
    }

    /// Counts an event.
    ///
    /// - Returns: The number of events since the last report, this one included; nil when it is too early for a report.
    mutating func add(at now: Instant) -> Int? {
        count &+= 1
        if let last, now.since(last) < interval { return nil }
        last = now
        defer { count = 0 }
        return count
    }
}
