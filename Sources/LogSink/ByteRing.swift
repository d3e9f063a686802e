/// A ring of bytes of fixed size that holds whole records.
///
/// Not synchronised: guarded by the lock of its owner, but for the bytes returned by ``readable``, which stay in place
/// until ``discard(_:)`` gives them up, so that their reader can go on without the lock.
///
///     ┌──────────┬───────────────────┬─────────────┐
///     │  free    │  readable         │  free       │
///     └──────────┴───────────────────┴─────────────┘
///                head                head + count
///
/// The memory is asked of the system in one piece and costs nothing before it is written to. An emptied ring begins at
/// its start again, so one that is never far behind stays in its first pages.
struct ByteRing: ~Copyable {
    let capacity: Int
    private let storage: UnsafeMutableRawPointer
    private var head = 0
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(1, capacity)
        storage = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        storage.deallocate()
    }

    var free: Int { capacity - count }

    /// Takes all of `bytes` or, when they do not fit, nothing.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= free else { return false }
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return true }
        let tail = (head + count) % capacity
        let first = min(bytes.count, capacity - tail)
        (storage + tail).copyMemory(from: source, byteCount: first)
        if first < bytes.count {
            storage.copyMemory(from: source + first, byteCount: bytes.count - first)
        }
        count += bytes.count
        return true
    }

    /// The oldest bytes, as many as lie in one piece.
    var readable: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: storage + head, count: min(count, capacity - head))
    }

    /// Frees the oldest `amount` bytes; an emptied ring begins at its start again.
    mutating func discard(_ amount: Int) {
        let amount = min(max(0, amount), count)
        count -= amount
        head = count == 0 ? 0 : (head + amount) % capacity
    }
}
