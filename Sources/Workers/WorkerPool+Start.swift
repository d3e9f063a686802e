internal import Logging
internal import NIOCore
internal import RequestQueue
internal import WorkerLink

// How a place gets its worker.
extension WorkerPool {
    func startDue() {
        for place in state.due(at: now) {
            // A failure at one place may have ended the pool, or the reload.
            guard state.isDue(place, at: now) else { continue }
            do {
                state.filled(place, with: try startWorker(for: place).id)
            } catch {
                if state.hasServed, place.role != .coming {
                    logger.error("worker cannot start", metadata: ["failure": "\(error)"])
                }
                perform(state.notStarted(place, failure: error, jitter: .random(in: 0...1), at: now))
            }
        }
    }

    private func startWorker(for place: PoolState.Place) throws(StartupFailure) -> Worker {
        let index = place.index
        let isComing = place.role == .coming
        let configuration = isComing ? comingConfiguration ?? configuration : configuration
        var process: WorkerProcess
        let isAttached: Bool
        switch configuration.source {
        case .spawned:
            process = try configuration.spawn(at: index)
            isAttached = false
        case .preloaded:
            process = try configuration.connect(at: index)
            isAttached = false
        case .attached(let socket):
            process = try configuration.attach(over: socket)
            isAttached = true
        }
        let ends = process.far.take()
        let life = WorkerLife(startedAt: now, startupTimeout: Nanoseconds(configuration.startupTimeout))
        let id = WorkerID(raw: nextID)
        nextID += 1
        let worker = Worker(
            id: id,
            index: index,
            generation: state.generation + (isComing ? 1 : 0),
            threads: min(max(configuration.threads, 1), configuration.lanes),
            limits: configuration.recycling.limits(jitter: .random(in: 0...1)),
            process: process,
            isAttached: isAttached,
            life: life,
            at: now
        )
        worker.pool = self
        if worker.hasProcess {
            guard let watcher, worker.watch(with: watcher) else {
                worker.kill()
                _ = worker.reap()
                throw .unwatched
            }
        }
        workers[id] = worker
        _ = worker.link.sleep()
        if let doorbell = worker.takeDoorbell() {
            worker.doorbell = PipeReader.open(
                doorbell,
                on: eventLoop,
                // What was rung meanwhile goes with one read.
                capacity: 64,
                onRead: { [weak self, weak worker] _ in
                    if let self, let worker { doorbellRang(for: worker) }
                },
                onClose: { [weak self, weak worker] in
                    if let self, let worker { doorbellClosed(of: worker) }
                }
            )
        }
        if worker.hasProcess { forwardOutput(of: worker) }
        if let ends {
            worker.template = isComing ? comingTemplate : template
            worker.template?.want(id, ends)
        }
        return worker
    }

    /// The worker has a process, whose output is passed on.
    func forwardOutput(of worker: Worker) {
        if let output = worker.takeOutput() {
            forward(output, from: WorkerOutput(index: worker.index, pid: worker.pid, isError: false))
        }
        if let error = worker.takeError() {
            forward(error, from: WorkerOutput(index: worker.index, pid: worker.pid, isError: true))
        }
        logger.debug("worker started", metadata: metadata(of: worker))
    }

    func forward(_ descriptor: consuming OwnedDescriptor, from source: WorkerOutput) {
        let key = nextOutput
        nextOutput += 1
        let output = OutputLines(eventLoop, collectsTracebacks: source.isError) { [weak self] line in
            self?.delegate?.workerWrote(line, from: source)
        }
        outputs[key] = PipeReader.open(
            descriptor,
            on: eventLoop,
            capacity: OutputLines.readBytes,
            onRead: { buffer in output.append(buffer.readableBytesView) },
            onClose: { [weak self] in
                output.finish()
                self?.outputClosed(key)
            }
        )
    }
}
