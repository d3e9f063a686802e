internal import RequestQueue

/// Other names of sessions, and the workers that keep their state; the oldest is forgotten when there are too many.
struct SessionAliases: Sendable {
    private let capacity: Int
    private var workers: [SessionID: WorkerID] = [:]
    /// The names in the order they were learned, as a ring.
    private var order: [SessionID] = []
    private var oldest = 0

    init(capacity: Int = 1 << 14) {
        self.capacity = max(1, capacity)
    }

    /// The number of names.
    var count: Int { workers.count }

    /// Returns the worker that keeps what has this name.
    func worker(of alias: SessionID) -> WorkerID? {
        workers[alias]
    }

    /// Takes note of the worker that keeps what has this name.
    mutating func learn(_ alias: SessionID, on worker: WorkerID) {
        guard workers.updateValue(worker, forKey: alias) == nil else { return }
        guard order.count == capacity else {
            order.append(alias)
            return
        }
        workers[order[oldest]] = nil
        order[oldest] = alias
        oldest = (oldest + 1) % capacity
    }
}
