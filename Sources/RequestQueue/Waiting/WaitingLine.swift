/// The waiting requests of one class in the order they came, linked through the slab.
///
/// FIFO, and not newest first under overload as some do: newest first starves the oldest callbacks of a page, and
/// a page is whole only with its last one.
struct WaitingLine: Sendable {
    /// The request that waited longest, or `RequestSlab.none`.
    private(set) var head = RequestSlab.none
    /// The request that came last, or `RequestSlab.none`.
    private(set) var tail = RequestSlab.none
    /// How many wait.
    private(set) var count = 0

    /// Puts a request back at the head of the line, before all that came after it.
    mutating func prepend(_ index: Int32, in slab: inout RequestSlab) {
        slab[index].previous = RequestSlab.none
        slab[index].next = head
        if head == RequestSlab.none {
            tail = index
        } else {
            slab[head].previous = index
        }
        head = index
        count += 1
    }

    /// Puts a request at the end.
    mutating func append(_ index: Int32, in slab: inout RequestSlab) {
        slab[index].next = RequestSlab.none
        slab[index].previous = tail
        if tail == RequestSlab.none {
            head = index
        } else {
            slab[tail].next = index
        }
        tail = index
        count += 1
    }

    /// Puts a request before another of the line, or at the end where that is `RequestSlab.none`.
    mutating func insert(_ index: Int32, before next: Int32, in slab: inout RequestSlab) {
        guard next != RequestSlab.none else { return append(index, in: &slab) }
        let previous = slab[next].previous
        guard previous != RequestSlab.none else { return prepend(index, in: &slab) }
        slab[index].previous = previous
        slab[index].next = next
        slab[previous].next = index
        slab[next].previous = index
        count += 1
    }

    /// Takes a request, which must be in this line, out of it, wherever it stands.
    mutating func remove(_ index: Int32, in slab: inout RequestSlab) {
        let next = slab[index].next
        let previous = slab[index].previous
        if previous == RequestSlab.none {
            head = next
        } else {
            slab[previous].next = next
        }
        if next == RequestSlab.none {
            tail = previous
        } else {
            slab[next].previous = previous
        }
        count -= 1
    }
}
