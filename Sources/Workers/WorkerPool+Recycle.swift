internal import Logging
public import RequestQueue

// Replacing workers that could go on.
extension WorkerPool {
    /// How often memory is looked at.
    static let memoryInterval = Nanoseconds.seconds(2)

    /// Has a successor started for a worker; when it is ready, it takes the place, and the worker finishes what it has.
    ///
    /// A successor that cannot start is tried again, ever more rarely; the worker goes on meanwhile. Does nothing for a
    /// worker that is being replaced already. If the reason says that it is to get no more requests, that is so at once.
    ///
    /// - Returns: Whether a successor will come; not for a process that is not ours to start.
    @discardableResult
    public func replace(_ id: WorkerID, because reason: ReplacementReason) -> Bool {
        guard let worker = workers[id] else { return false }
        if reason.takesNoNewRequests { delegate?.workerIsDraining(worker) }
        guard let wait = state.replace(id, because: reason, jitter: .random(in: 0...1), at: now) else { return false }
        var metadata = metadata(of: worker)
        metadata["reason"] = .string(reason.description)
        if wait > .zero { metadata["wait"] = "\(Nanoseconds(wait).inMilliseconds) ms" }
        logger.notice("worker is to be replaced", metadata: metadata)
        startDue()
        settle()
        return true
    }

    /// Replaces the worker that is due, if one is; to be called now and then, some times a second.
    public func recycleDue() {
        guard configuration.recycling.isActive, state.canRecycle else { return }
        let now = now
        let looksAtMemory =
            configuration.recycling.maximumMemory > 0 && now.since(lastMemoryLook) >= Self.memoryInterval
        if looksAtMemory { lastMemoryLook = now }
        var due: [(worker: WorkerID, because: ReplacementReason)] = []
        for worker in workers.values {
            guard case .ready(let since) = worker.life.state else { continue }
            let reason = worker.limits.reason(
                requests: configuration.recycling.maximumRequests > 0
                    ? delegate?.requestsServed(by: worker) ?? 0 : 0,
                memory: looksAtMemory ? ProcessMemory.residentBytes(of: worker.pid) : nil,
                served: now.since(since).duration
            )
            if let reason { due.append((worker.id, reason)) }
        }
        if let first = RecyclePolicy.first(of: due) { replace(first.worker, because: first.because) }
    }
}
