/// The name of one worker process; the owner never uses a number twice, not even for a worker that replaces another.
public struct WorkerID: Sendable, Hashable {
    /// The number.
    public let raw: Int

    /// Creates the name with number `raw`.
    public init(raw: Int) {
        self.raw = raw
    }
}

/// One thread of one worker: what a request is dispatched to.
public struct Slot: Sendable, Hashable {
    /// The worker process.
    public let worker: WorkerID
    /// The number of the thread, from 0 up to the worker's threads less one.
    public let thread: Int

    /// Creates the name of a thread.
    public init(worker: WorkerID, thread: Int) {
        self.worker = worker
        self.thread = thread
    }
}
