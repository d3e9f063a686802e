/// The threads of one worker: which are busy and with what, and which became idle last.
struct WorkerThreads: Sendable {
    private struct Thread: Sendable {
        var request = RequestSlab.none
        var nextIdle: Int32 = -1
        var startedAt = Instant(nanoseconds: 0)
    }

    /// The most threads that one worker is taken to have; above it the rest is ignored.
    static let greatestThreadCount = 1 << 16

    let id: WorkerID
    /// How many of the threads may be busy at once, from 0 to all of them.
    private(set) var limit: Int
    private(set) var busy = 0
    var isDraining = false
    /// Whether it still gets the requests that are pinned to it while it drains.
    var keepsPinned = false
    /// Whether it gets nothing for now.
    var isHeld = false
    private var threads: [Thread]
    /// The thread that became idle last: its stack and its caches are the warmest.
    private var lastIdle: Int32

    init(id: WorkerID, threads count: Int) {
        let count = min(max(0, count), WorkerThreads.greatestThreadCount)
        self.id = id
        limit = count
        threads = Array(repeating: Thread(), count: count)
        for index in threads.indices.dropLast() {
            threads[index].nextIdle = Int32(truncatingIfNeeded: index + 1)
        }
        lastIdle = count > 0 ? 0 : -1
    }

    /// How many requests it could be given now.
    var available: Int {
        isDraining || isHeld || busy >= limit ? 0 : limit - busy
    }

    /// How many requests that are pinned to it could it be given now.
    var availableToPinned: Int {
        (isDraining && !keepsPinned) || isHeld || busy >= limit ? 0 : limit - busy
    }

    /// The threads that take part: the limit, or what is busy where that is more or all there will be.
    var counted: Int {
        isDraining ? busy : max(limit, busy)
    }

    /// The requests that run here, by thread.
    var running: [Int32] {
        threads.map(\.request).filter { $0 != RequestSlab.none }
    }

    mutating func setLimit(_ newLimit: Int) {
        limit = min(max(0, newLimit), threads.count)
    }

    /// Makes the most recently idle thread busy, or returns nil when none is idle.
    mutating func take(_ request: Int32, at now: Instant) -> Int32? {
        let thread = lastIdle
        guard thread >= 0 else { return nil }
        lastIdle = threads[Int(thread)].nextIdle
        threads[Int(thread)].request = request
        threads[Int(thread)].startedAt = now
        busy += 1
        return thread
    }

    /// Returns the request on a thread, or nil when the thread is idle or does not exist.
    func request(on thread: Int) -> Int32? {
        guard thread >= 0, thread < threads.count, threads[thread].request != RequestSlab.none else { return nil }
        return threads[thread].request
    }

    /// Lets a busy thread go on with another request and returns when it had begun the one before.
    mutating func replace(_ thread: Int, with request: Int32, at now: Instant) -> Instant {
        let startedAt = threads[thread].startedAt
        threads[thread].request = request
        threads[thread].startedAt = now
        return startedAt
    }

    /// Makes a busy thread idle and returns when it had become busy.
    mutating func release(_ thread: Int) -> Instant {
        threads[thread].request = RequestSlab.none
        threads[thread].nextIdle = lastIdle
        lastIdle = Int32(truncatingIfNeeded: thread)
        busy -= 1
        return threads[thread].startedAt
    }
}
