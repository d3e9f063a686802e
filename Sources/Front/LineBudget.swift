internal import RequestQueue

/// How many lines of one kind the log gets: what a client may cause at will must not fill it.
struct LineBudget {
    /// The lines of one period.
    let lines: Int
    /// How long a period is.
    let period: Nanoseconds

    private var began: Instant?
    private var used = 0
    private var suppressed = 0

    init(lines: Int = 5, period: Nanoseconds = .seconds(10)) {
        self.lines = lines
        self.period = period
    }

    /// Asks for a line.
    ///
    /// - Returns: How many were left out since the last one; nil when this one is to be left out too.
    mutating func take(at now: Instant) -> Int? {
        if let began, now.since(began) < period {
            guard used < lines else {
                suppressed += 1
                return nil
            }
        } else {
            began = now
            used = 0
        }
        used += 1
        defer { suppressed = 0 }
        return suppressed
    }
}
