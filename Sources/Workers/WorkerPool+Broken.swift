internal import Logging
internal import RequestQueue

// A worker that serves, and whose app has lost what it runs beside the requests.
extension WorkerPool {
    /// Says that the app's lifespan has failed in a worker, and has it replaced, its successor first.
    ///
    /// One that has not served yet has failed to start.
    func lifespanBroke(in worker: Worker, reason: String, traceback: String?) {
        let failure = StartupFailure(
            .notLoaded,
            title: "the app's lifespan failed before the worker served",
            reason: reason,
            traceback: traceback
        )
        if worker.readySince == nil {
            perform(worker.life.broke(failure), on: worker)
            return
        }
        var metadata = metadata(of: worker)
        metadata["reason"] = .string(reason)
        if let traceback { metadata["traceback"] = .string(traceback) }
        logger.error("the app's lifespan failed while it served", metadata: metadata)
        guard case .ready(let since) = worker.life.state else { return }
        let isReplaced = replace(worker.id, because: .brokenLifespan(served: now.since(since).duration))
        if !isReplaced, !state.replacesWorkers {
            logger.error("the app serves on without its lifespan: it runs in the process that called roost.serve")
        }
    }
}
