/// What the front does for the pool, and is told by it.
///
/// Every call comes on the pool's event loop.
public protocol WorkerPoolDelegate: AnyObject {
    /// The worker has imported the app: send it one request, alone.
    ///
    /// - Parameters:
    ///   - worker: It has all threads free.
    ///   - done: To be called on the loop, once, with whether there was an answer, of whatever status. Calling it after the
    ///     worker's end, or again, does nothing. A front that never calls it lets the startup timeout run out.
    func workerNeedsWarmUp(_ worker: Worker, done: @escaping (_ isAnswered: Bool) -> Void)
    /// The worker takes requests from now on.
    func workerBecameReady(_ worker: Worker)
    /// The worker may have another number of requests at once: ``Worker/threads``.
    func workerThreadsChanged(_ worker: Worker)
    /// Send the worker no further requests, and take back what it has not begun.
    ///
    /// ``isIdle(_:)`` is asked next, and ``WorkerPool/becameIdle(_:)`` to be called when it is. May be called twice.
    func workerIsDraining(_ worker: Worker)
    /// A successor has taken the worker's place.
    func workerWasReplaced(_ worker: Worker, because reason: ReplacementReason)
    /// How many requests the worker has answered.
    func requestsServed(by worker: Worker) -> UInt64
    /// The doorbell rang: there may be frames. Call ``Worker/visitNews(_:)``, which also asks for the next ring.
    func workerHasNews(_ worker: Worker)
    /// The worker has gone, however far it had come. Called once for each.
    ///
    /// What it wrote before its end was shown to ``workerHasNews(_:)`` just before, unless it was killed for a broken
    /// protocol.
    func workerDied(_ worker: Worker, _ death: WorkerDeath)
    /// Whether no request is in the worker. Asked when it is to be drained; see ``WorkerPool/becameIdle(_:)``.
    func isIdle(_ worker: Worker) -> Bool
    /// The worker, or a process that it has started and left behind, wrote a line to stdout or stderr.
    func workerWrote(_ line: WorkerLine, from source: WorkerOutput)
    /// The pool has given up; all workers have gone. Called at most once.
    func poolFailed(_ failure: StartupFailure)
}

/// Where a line came from.
public struct WorkerOutput: Sendable, Hashable {
    /// The worker's position, 0 … P-1; nil for the template that workers are forked from.
    public var index: Int?
    /// The process.
    public var pid: Int32
    /// Whether it was stderr.
    public var isError: Bool
}
