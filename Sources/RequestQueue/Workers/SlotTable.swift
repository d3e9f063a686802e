/// Which threads of which workers are idle, and which of them comes next.
///
/// Placement: the worker with the fewest busy threads, because threads of one process share its GIL; of equals the
/// first in the list, so that the others idle out; in it the thread that became idle last, which is the warmest.
///
/// Workers are few, so they are searched one by one: placing and finding are O(number of workers).
struct SlotTable: Sendable {
    private(set) var workers: [WorkerThreads] = []
    /// What waits for each of the workers, in the same order.
    var pinned: [PinnedLines] = []
    /// How many wait for one certain worker.
    var pinnedCount = 0
    /// How many requests could be dispatched now.
    private(set) var available = 0
    /// How many threads are busy.
    private(set) var busy = 0

    /// The number of workers, draining ones included.
    var workerCount: Int { workers.count }

    /// The number of threads that take part; at least `busy`.
    ///
    /// - Complexity: O(number of workers).
    var threads: Int { workers.reduce(0) { $0 + $1.counted } }

    /// Adds a worker, or returns false when one of that name is there.
    mutating func add(_ id: WorkerID, threads: Int) -> Bool {
        guard index(of: id) == nil else { return false }
        let worker = WorkerThreads(id: id, threads: threads)
        available += worker.available
        workers.append(worker)
        pinned.append(PinnedLines())
        return true
    }

    /// Changes how many threads of a worker may be busy, or returns false when there is no such worker.
    mutating func setThreadLimit(_ limit: Int, for id: WorkerID) -> Bool {
        change(id) { $0.setLimit(limit) }
    }

    /// Lets a worker finish what it has, and what is pinned to it if that is kept, or returns false when there is no such
    /// worker.
    mutating func drain(_ id: WorkerID, keepsPinned: Bool) -> Bool {
        change(id) { worker in
            worker.isDraining = true
            worker.keepsPinned = keepsPinned
        }
    }

    /// Gives a worker nothing for now, or again, or returns false when there is no such worker.
    mutating func setHeld(_ isHeld: Bool, for id: WorkerID) -> Bool {
        change(id) { $0.isHeld = isHeld }
    }

    /// Removes a worker, for which nothing may wait, and returns what ran there.
    mutating func remove(_ id: WorkerID) -> [Int32] {
        guard let index = index(of: id) else { return [] }
        let worker = workers.remove(at: index)
        pinned.remove(at: index)
        available -= worker.available
        busy -= worker.busy
        return worker.running
    }

    /// Returns how many threads of a worker are busy, or nil when there is no such worker.
    func busyThreads(of id: WorkerID) -> Int? {
        index(of: id).map { workers[$0].busy }
    }

    /// Makes the best idle thread busy with a request, or returns nil when none is idle.
    mutating func take(_ request: Int32, at now: Instant) -> Slot? {
        var best = -1
        var fewest = Int.max
        for index in workers.indices where workers[index].available > 0 && workers[index].busy < fewest {
            best = index
            fewest = workers[index].busy
            if fewest == 0 { break }
        }
        guard best >= 0, let thread = workers[best].take(request, at: now) else { return nil }
        available -= 1
        busy += 1
        return Slot(worker: workers[best].id, thread: Int(thread))
    }

    /// Makes an idle thread of one worker busy with a request that is pinned to it, or returns nil when none is idle.
    mutating func take(_ request: Int32, on id: WorkerID, at now: Instant) -> Slot? {
        guard let index = index(of: id), workers[index].availableToPinned > 0,
            let thread = workers[index].take(request, at: now)
        else { return nil }
        if !workers[index].isDraining { available -= 1 }
        busy += 1
        return Slot(worker: id, thread: Int(thread))
    }

    /// Returns the request that runs on a thread, or nil when the thread is idle or unknown.
    func request(on slot: Slot) -> Int32? {
        index(of: slot.worker).flatMap { workers[$0].request(on: slot.thread) }
    }

    /// Makes a thread idle and returns since when it was busy, or nil when it is idle or unknown.
    mutating func release(_ slot: Slot) -> (request: Int32, since: Instant)? {
        guard let index = index(of: slot.worker), let request = workers[index].request(on: slot.thread) else {
            return nil
        }
        let before = workers[index].available
        let startedAt = workers[index].release(slot.thread)
        available += workers[index].available - before
        busy -= 1
        return (request, startedAt)
    }

    /// Lets the busy thread of a slot go on with another request; nil when it is idle or unknown.
    mutating func replace(_ slot: Slot, with request: Int32, at now: Instant) -> (request: Int32, since: Instant)? {
        guard let index = index(of: slot.worker), let before = workers[index].request(on: slot.thread) else {
            return nil
        }
        return (before, workers[index].replace(slot.thread, with: request, at: now))
    }

    private mutating func change(_ id: WorkerID, _ body: (inout WorkerThreads) -> Void) -> Bool {
        guard let index = index(of: id) else { return false }
        available -= workers[index].available
        body(&workers[index])
        available += workers[index].available
        return true
    }

    func index(of id: WorkerID) -> Int? {
        for index in workers.indices where workers[index].id == id {
            return index
        }
        return nil
    }
}
