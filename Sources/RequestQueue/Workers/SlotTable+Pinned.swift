/// The requests that wait for one certain worker each.
extension SlotTable {
    /// Returns whether requests can be pinned to a worker: it is there, and is not being drained of them.
    func takesPinned(_ id: WorkerID) -> Bool {
        index(of: id).map { !workers[$0].isDraining || workers[$0].keepsPinned } ?? false
    }

    /// Returns how many wait for a worker.
    func pinnedCount(of id: WorkerID) -> Int {
        index(of: id).map { pinned[$0].count } ?? 0
    }

    /// Returns how many of a class wait for a worker.
    func pinnedCount(of id: WorkerID, class requestClass: RequestClass) -> Int {
        index(of: id).map { pinned[$0][requestClass].count } ?? 0
    }

    /// Returns how many of a class wait for any worker.
    func pinnedCount(of requestClass: RequestClass) -> Int {
        pinned.reduce(0) { $0 + $1[requestClass].count }
    }

    /// Returns how many requests that are pinned to a worker could be given to it now.
    func availableToPinned(_ id: WorkerID) -> Int {
        index(of: id).map { workers[$0].availableToPinned } ?? 0
    }

    /// Returns how many threads of a worker are idle for what is pinned to it, those that do so already taken off.
    func idleToPinned(_ id: WorkerID) -> Int {
        index(of: id).map { workers[$0].availableToPinned - pinned[$0].count } ?? 0
    }

    /// Changes the line in which a pinned request waits, or is to; its worker must be there.
    mutating func changeLine(
        of request: Int32,
        in slab: inout RequestSlab,
        _ body: (_ line: inout WaitingLine, _ request: Int32, _ slab: inout RequestSlab) -> Void
    ) {
        guard let index = index(of: slab[request].worker) else { return }
        let requestClass = slab[request].requestClass
        let before = pinned[index][requestClass].count
        body(&pinned[index][requestClass], request, &slab)
        let change = pinned[index][requestClass].count - before
        pinned[index].count += change
        pinnedCount += change
    }

    /// Returns the line of a worker's pinned requests of a class.
    func pinned(to id: WorkerID, class requestClass: RequestClass) -> WaitingLine {
        index(of: id).map { pinned[$0][requestClass] } ?? WaitingLine()
    }

    /// Returns the first of a class's pinned requests, in the order they came, whose worker has an idle thread for it, or
    /// `RequestSlab.none`.
    func startable(_ requestClass: RequestClass, in slab: RequestSlab) -> Int32 {
        var first = RequestSlab.none
        for index in workers.indices where pinned[index].count > 0 && workers[index].availableToPinned > 0 {
            first = slab.earlier(first, pinned[index][requestClass].head)
        }
        return first
    }

    /// Returns the first and the last of a class's pinned requests in the order they came, or `RequestSlab.none`.
    func ends(_ requestClass: RequestClass, in slab: RequestSlab) -> (oldest: Int32, newest: Int32) {
        var ends = (oldest: RequestSlab.none, newest: RequestSlab.none)
        for lines in pinned where lines.count > 0 {
            ends.oldest = slab.earlier(ends.oldest, lines[requestClass].head)
            ends.newest = slab.later(ends.newest, lines[requestClass].tail)
        }
        return ends
    }

    /// Returns how many of the waiting requests could be dispatched now, and how many threads would then still be idle for
    /// requests that may go anywhere.
    func outlook(unpinned: Int) -> (startable: Int, idle: Int) {
        var (open, leaving) = (0, 0)
        for index in workers.indices where pinned[index].count > 0 {
            let count = min(pinned[index].count, workers[index].availableToPinned)
            if workers[index].isDraining { leaving += count } else { open += count }
        }
        let others = min(unpinned, available - open)
        return (open + leaving + others, available - open - others)
    }
}
