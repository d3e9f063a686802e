extension RequestQueue {
    /// How many requests wait.
    ///
    /// Between an offer and the `next(at:)` after it, one that will be dispatched at once counts too.
    public var depth: Int { waiting }

    /// How many threads are busy.
    public var busyThreads: Int { slots.busy }

    /// How many threads there are, as far as they are in use: a draining worker counts with its busy ones.
    ///
    /// - Complexity: O(number of workers).
    public var threads: Int { slots.threads }

    /// How many threads could take a request now.
    public var idleThreads: Int { slots.available }

    /// When a waiting request will have waited long enough, unless something happens before; then ask `next(at:)`.
    public var nextDeadline: Instant? { deadlines.first?.deadline }

    /// A boolean value indicating whether requests are being shed because the queue of some class stands.
    public var isStanding: Bool {
        RequestClass.allCases.contains { delay[$0].isStanding && depth(of: $0) > 0 }
    }

    /// Returns how many requests of a class wait.
    public func depth(of requestClass: RequestClass) -> Int {
        lines[requestClass].count + (slots.pinnedCount > 0 ? slots.pinnedCount(of: requestClass) : 0)
    }

    /// Returns how long the oldest waiting request has waited; zero when none waits.
    public func oldestWait(at now: Instant) -> Nanoseconds {
        var oldest = Nanoseconds.zero
        for requestClass in RequestClass.allCases {
            let first = self.oldest(of: requestClass)
            if first != RequestSlab.none { oldest = max(oldest, now.since(slab[first].offeredAt)) }
        }
        return oldest
    }

    /// Returns how many requests finish per second, over the last ten seconds.
    public func completionRate(at now: Instant) -> Double {
        completions.perSecond(at: now)
    }

    /// Returns when a refused client may come back, in seconds, without the jitter that `RetryAfter` adds.
    public func retryAfterSeconds(at now: Instant) -> Int {
        RetryAfter.seconds(
            depth: waiting,
            completionsPerSecond: completionRate(at: now),
            threads: threads,
            meanService: service.mean
        )
    }

    /// Returns when a refused client may come back, in seconds, with 0 to 50 % added as `random`, any number, has it.
    public func retryAfterSeconds(at now: Instant, random: UInt64) -> Int {
        RetryAfter.jittered(retryAfterSeconds(at: now), random: random)
    }

    /// Returns how the queue looks now, for an `OverloadNotice`.
    public func snapshot(at now: Instant) -> QueueSnapshot {
        QueueSnapshot(
            depth: depth,
            limit: limit,
            oldestWait: oldestWait(at: now),
            busyThreads: busyThreads,
            threads: threads,
            completionsPerSecond: completionRate(at: now),
            refused: statistics.refused
        )
    }
}
