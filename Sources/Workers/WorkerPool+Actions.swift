internal import Logging
internal import NIOCore
internal import RequestQueue
internal import WorkerLink

// What the pool does about it.
extension WorkerPool {
    /// How long the exit handlers of a replaced worker may take.
    static let leavingTime = Nanoseconds.seconds(10)

    func perform(_ action: WorkerLife.Action, on worker: Worker) {
        switch action {
        case .none:
            break
        case .warmUp:
            warmUp(worker)
        case .prepared:
            perform(state.prepared(worker.id))
        case .open:
            adjustThreads(of: worker)
            var metadata = metadata(of: worker)
            if let python = worker.introduction?.python { metadata["python"] = .string(python) }
            if worker.introduction?.interface == .asgi { metadata["asgi"] = "\(worker.concurrency) in flight" }
            metadata["started_in"] = .string("\(now.since(worker.startedAt).inMilliseconds) ms")
            logger.info("worker ready", metadata: metadata)
            // It may have rung while nobody visited it.
            visitSoon(worker)
            delegate?.workerBecameReady(worker)
        case .askToStop, .terminate, .kill:
            guard !worker.isAttached else { return release(worker) }
            guard worker.hasProcess else {
                worker.template?.forget(worker.id)
                return release(worker)
            }
            switch action {
            case .askToStop: worker.askToStop()
            case .terminate: worker.terminate()
            default: worker.kill()
            }
        case .bury(let death):
            bury(worker, death)
        }
    }

    private func warmUp(_ worker: Worker) {
        // Asks for the ring that the answer will be.
        if !worker.link.sleep() { visitSoon(worker) }
        delegate?.workerNeedsWarmUp(worker) { [weak self, weak worker] isAnswered in
            guard let self, let worker else { return }
            perform(worker.life.warmedUp(isAnswered: isAnswered), on: worker)
            settle()
        }
    }

    /// Lets an attached process go: it is its own master, and is only told that the link has ended.
    ///
    /// In the same way, one that does not exist yet.
    private func release(_ worker: Worker) {
        worker.askToStop()
        eventLoop.assumeIsolated().execute { [weak self] in
            guard let self else { return }
            perform(worker.life.ended(.unknown, at: now), on: worker)
            settle()
        }
    }

    private func bury(_ worker: Worker, _ death: WorkerDeath) {
        workers[worker.id] = nil
        worker.doorbell?.close()
        worker.doorbell = nil
        // The delegate tells the log, with what it knows of the requests; it does not know those that never served.
        if death.served == nil {
            var metadata = metadata(of: worker)
            if worker.hasProcess { metadata["exit"] = .string("\(death.exit)") }
            if let reason = death.reason { metadata["reason"] = .string(reason.shortName) }
            switch death.reason {
            case .drained, .poolFailed: logger.debug("worker ended", metadata: metadata)
            default:
                logger.error(
                    worker.hasProcess ? "worker ended before it was ready" : "worker could not be started",
                    metadata: metadata
                )
            }
        }
        // A reload says itself why it fails.
        if let failure = death.failure, state.hasServed, worker.generation <= state.generation {
            logger.error("worker cannot start", metadata: ["failure": "\(failure)"])
        }
        delegate?.workerDied(worker, death)
        perform(state.ended(worker.id, death, jitter: .random(in: 0...1), at: now))
    }

    func perform(_ actions: [PoolState.Action]) {
        for action in actions { perform(action) }
    }

    private func perform(_ action: PoolState.Action) {
        switch action {
        case .open(let id):
            guard let worker = workers[id] else { return }
            perform(worker.life.opened(at: now), on: worker)
        case .drain(let id):
            guard let worker = workers[id] else { return }
            worker.isLeaving = true
            delegate?.workerIsDraining(worker)
            drain(worker, isIdle: delegate?.isIdle(worker) ?? true)
        case .end(let id):
            guard let worker = workers[id] else { return }
            worker.isLeaving = true
            drain(worker, isIdle: true)
        case .waitToReplace(let wait):
            if wait > .zero {
                logger.notice("worker will be replaced", metadata: ["wait": "\(Nanoseconds(wait).inMilliseconds) ms"])
            }
        case .replaced(let id, let reason):
            guard let worker = workers[id] else { return }
            worker.replacedBecause = reason
            var metadata = metadata(of: worker)
            metadata["reason"] = .string(reason.description)
            logger.notice("worker replaced", metadata: metadata)
            delegate?.workerWasReplaced(worker, because: reason)
        case .generationChanged:
            if let comingConfiguration { configuration = comingConfiguration }
            comingConfiguration = nil
            dismissTemplate(\.template)
            template = comingTemplate.take()
        case .reloaded:
            endReload(.success(()))
        case .reloadFailed(let failure):
            endReload(.failure(failure))
        case .fail:
            for worker in Array(workers.values) { perform(worker.life.kill(because: .poolFailed), on: worker) }
        }
    }

    /// Lets a worker that has lost its place finish what it has.
    private func drain(_ worker: Worker, isIdle: Bool) {
        let action = worker.life.drain(
            isIdle: isIdle,
            within: Nanoseconds(configuration.drainTimeout),
            leaving: Self.leavingTime,
            at: now
        )
        perform(action, on: worker)
    }

    func metadata(of worker: Worker) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["worker": "\(worker.index + 1)", "generation": "\(worker.generation)"]
        if worker.hasProcess {
            metadata["pid"] = "\(worker.pid)"
        } else if let pid = worker.template?.pid {
            // It was to be forked, and was not.
            metadata["template_pid"] = "\(pid)"
        }
        return metadata
    }
}
