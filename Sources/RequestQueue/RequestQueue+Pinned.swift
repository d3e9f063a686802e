/// Requests that must go to one certain worker, because it keeps something for them: a session, a WebSocket.
///
/// They wait in the same order as the others, and under the same limit, deadlines and rules of refusal. What differs is
/// only who may take them: when a thread of a worker becomes idle, the oldest request of the highest class goes there of
/// those that may. So one that waits for a busy worker holds nobody up, and nobody overtakes it there.
extension RequestQueue {
    /// How many requests wait for one certain worker.
    public var pinnedDepth: Int { slots.pinnedCount }

    /// Returns how many requests wait for this worker, and may go to no other.
    public func pinnedDepth(of worker: WorkerID) -> Int {
        slots.pinnedCount(of: worker)
    }

    /// Returns the worker that a request is to be pinned to: nil for one that is not there, or gets nothing more.
    @inline(__always)
    func pin(to worker: WorkerID?) -> WorkerID? {
        guard let worker else { return nil }
        return slots.takesPinned(worker) ? worker : nil
    }

    /// How many of the waiting requests could be dispatched now.
    @inline(__always)
    var startable: Int {
        if slots.pinnedCount == 0 { return min(waiting, slots.available) }
        return slots.outlook(unpinned: waiting - slots.pinnedCount).startable
    }

    /// Returns whether a newcomer would find an idle thread that no waiting request takes.
    @inline(__always)
    func hasIdleThread(for pin: WorkerID?) -> Bool {
        if let pin { return slots.idleToPinned(pin) > 0 }
        if slots.pinnedCount == 0 { return waiting < slots.available }
        return slots.outlook(unpinned: waiting - slots.pinnedCount).idle > 0
    }

    /// Returns the request of a class that came last, or `RequestSlab.none`.
    @inline(__always)
    func newest(of requestClass: RequestClass) -> Int32 {
        let newest = lines[requestClass].tail
        guard slots.pinnedCount > 0 else { return newest }
        return slab.later(newest, slots.ends(requestClass, in: slab).newest)
    }

    /// Returns the request of a class that came first, or `RequestSlab.none`.
    func oldest(of requestClass: RequestClass) -> Int32 {
        let oldest = lines[requestClass].head
        guard slots.pinnedCount > 0 else { return oldest }
        return slab.earlier(oldest, slots.ends(requestClass, in: slab).oldest)
    }

    /// The request that is dispatched next while some wait for one certain worker.
    ///
    /// - Complexity: O(number of workers).
    var frontWithPinned: Int32? {
        for requestClass in [RequestClass.critical, .standard, .opening, .sheddable] {
            let first = slab.earlier(
                slots.available > 0 ? lines[requestClass].head : RequestSlab.none,
                slots.startable(requestClass, in: slab)
            )
            if first != RequestSlab.none { return first }
        }
        return nil
    }

    /// Returns whether there are more requests of its class that wait for the same threads than there are idle ones.
    @inline(__always)
    func competes(_ index: Int32) -> Bool {
        let requestClass = slab[index].requestClass
        guard slab[index].isPinned else { return lines[requestClass].count > slots.available }
        let worker = slab[index].worker
        return slots.pinnedCount(of: worker, class: requestClass) > slots.availableToPinned(worker)
    }

    /// Puts a request back to the head of its line; of the line for all where its worker gets nothing more.
    @inline(__always)
    mutating func prepend(_ index: Int32) {
        if slab[index].isPinned, slots.takesPinned(slab[index].worker) {
            slots.changeLine(of: index, in: &slab) { $0.prepend($1, in: &$2) }
        } else {
            slab[index].isPinned = false
            lines[slab[index].requestClass].prepend(index, in: &slab)
        }
    }

    /// Lets what waits for a worker go to any, each at its place in the order.
    ///
    /// - Complexity: O(depth).
    mutating func unpin(_ worker: WorkerID) {
        guard slots.pinnedCount(of: worker) > 0 else { return }
        for requestClass in RequestClass.allCases {
            var place = lines[requestClass].head
            while case let index = slots.pinned(to: worker, class: requestClass).head, index != RequestSlab.none {
                slots.changeLine(of: index, in: &slab) { $0.remove($1, in: &$2) }
                slab[index].isPinned = false
                while place != RequestSlab.none, slab[place].order < slab[index].order { place = slab[place].next }
                lines[requestClass].insert(index, before: place, in: &slab)
            }
        }
    }
}
