public import NIOCore
public import RequestQueue

// Changes that are asked for while the pool serves.
extension WorkerPool {
    public func reload(with configuration: WorkerPoolConfiguration?) -> EventLoopFuture<Void> {
        eventLoop.makeFailedFuture(StartupFailure(.unsupported, title: "not yet", reason: "not built yet"))
    }
    public func scale(processes: Int?, threads: Int?) throws(StartupFailure) {
        throw StartupFailure(.unsupported, title: "not yet", reason: "not built yet")
    }
    public func replace(_ id: WorkerID, because reason: ReplacementReason) {}
    public var processes: Int { configuration.processes }
    public var threads: Int { configuration.threads }
}
