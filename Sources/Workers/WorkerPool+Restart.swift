internal import NIOCore
internal import RequestQueue

// A second first start, for development.
extension WorkerPool {
    /// Starts anew after the pool has given up and ``WorkerPoolDelegate/poolFailed(_:)`` was called: as if it never had.
    ///
    /// Does nothing in any other state, nor for workers that are not ours to start.
    public func startAgain() {
        eventLoop.preconditionInEventLoop()
        guard case .failed = state.phase, isConcluded, end == nil, state.replacesWorkers else { return }
        state = PoolState(processes: configuration.processes)
        isConcluding = false
        isConcluded = false
        lastLines = nil
        start()
    }
}
