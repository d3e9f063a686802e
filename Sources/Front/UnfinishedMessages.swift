internal import RequestQueue

/// What the messages of clients take that have not ended, on all WebSockets: it says which of them is too much.
///
/// `ws-max-size` bounds one message. A message counts here from its first byte until its last has come, because its parts
/// lie in a worker's memory meanwhile, and nobody can do anything with them.
///
/// The largest goes when there is too much, so that many small messages don't end for a few large ones. One that is alone
/// stays: that is what `ws-max-size` allows.
struct UnfinishedMessages {
    /// The most bytes; 0 for no limit.
    struct Limits: Sendable, Equatable {
        /// Of the messages to one worker.
        var perWorker: Int
        /// Of all.
        var inAll: Int
    }

    private struct Entry {
        var worker: WorkerID
        var byteCount: Int
    }

    private let limits: Limits
    private var entries: [ObjectIdentifier: Entry] = [:]
    private var sums: [WorkerID: Int] = [:]
    /// Bytes of all messages that have not ended.
    private(set) var byteCount = 0

    /// Creates it without any.
    init(limits: Limits) {
        self.limits = limits
    }

    /// Notes how much there is of a WebSocket's unfinished message; 0 for none.
    ///
    /// - Returns: The WebSocket that has to end because there is too much now.
    mutating func note(_ byteCount: Int, of socket: ObjectIdentifier, to worker: WorkerID) -> ObjectIdentifier? {
        forget(socket)
        guard byteCount > 0 else { return nil }
        entries[socket] = Entry(worker: worker, byteCount: byteCount)
        sums[worker, default: 0] += byteCount
        self.byteCount += byteCount
        if limits.perWorker > 0, sums[worker, default: 0] > limits.perWorker {
            if let largest = largest(where: { $0.worker == worker }) { return largest }
        }
        return limits.inAll > 0 && self.byteCount > limits.inAll ? largest { _ in true } : nil
    }

    /// Forgets what a WebSocket has: its message is whole, or it has ended.
    mutating func forget(_ socket: ObjectIdentifier) {
        guard let entry = entries.removeValue(forKey: socket) else { return }
        byteCount -= entry.byteCount
        let sum = sums[entry.worker, default: 0] - entry.byteCount
        sums[entry.worker] = sum > 0 ? sum : nil
    }

    /// The WebSocket with the largest message among several; nil when there are not several.
    private func largest(where belongs: (Entry) -> Bool) -> ObjectIdentifier? {
        let those = entries.filter { belongs($0.value) }
        guard those.count > 1 else { return nil }
        return those.max { $0.value.byteCount < $1.value.byteCount }?.key
    }
}
