internal import Logging
internal import NIOCore
internal import RequestQueue
internal import WorkerLink

// What happens to the pool: each function is an event, ends with `settle()`, and is called on the loop.
extension WorkerPool {
    var now: Instant { Instant(nanoseconds: NIODeadline.now().uptimeNanoseconds) }

    func doorbellRang(for worker: Worker) {
        guard worker.isHeard else { return }
        if case .starting = worker.life.state {
            // A worker whose library cannot be loaded can ring, but not announce: look in any case.
            readControl(of: worker)
            if case .starting = worker.life.state {
                _ = worker.link.takeControlNews()
                _ = worker.link.sleep()
            }
            return
        }
        delegate?.workerHasNews(worker)
    }

    /// Looks again after the loop's other work.
    func visitSoon(_ worker: Worker) {
        eventLoop.assumeIsolated().execute { [weak self] in self?.doorbellRang(for: worker) }
    }

    func readControl(of worker: Worker) {
        do {
            let reports = try worker.control.takeReports()
            for report in reports where worker.isHeard { hear(report, from: worker) }
            if reports.count >= ControlSocket.messagesAtOnce, worker.isHeard {
                // There may be more; the loop's other work first.
                eventLoop.assumeIsolated().execute { [weak self] in self?.readControl(of: worker) }
            }
        } catch {
            perform(worker.life.kill(because: .protocolViolation(error)), on: worker)
        }
        settle()
    }

    private func hear(_ report: WorkerReport, from worker: Worker) {
        switch report {
        case .ready(let introduction):
            worker.introduction = introduction
            if introduction.isSticky, worker.limits.spareSessions() {
                logger.warning(
                    "max-requests is not used: sessions of this app live in a worker's memory and would end with it",
                    metadata: metadata(of: worker)
                )
            }
            worker.concurrency = max(configuration(of: worker).concurrency, 1)
            guard introduction.interface == .wsgi || worker.openLoop() else {
                perform(
                    worker.life.reportedFailure(
                        StartupFailure(
                            .notLoaded,
                            title: "a worker's event loop got no bell",
                            reason: "no eventfd could be made or sent to it",
                            hint: "a higher limit of open files"
                        )
                    ),
                    on: worker
                )
                return
            }
            perform(worker.life.reportedReady(warmsUp: configuration(of: worker).warmsUp), on: worker)
        case .failed(let failure):
            perform(worker.life.reportedFailure(failure), on: worker)
        case .broken(let reason, let traceback):
            lifespanBroke(in: worker, reason: reason, traceback: traceback)
        case .threads(let count):
            // A stranger's word: no more than it was asked for.
            worker.startedThreads = min(max(count, worker.startedThreads), worker.link.lanes.count)
            adjustThreads(of: worker)
        case .pools(let pools):
            worker.appPools = pools
        case .log(let level, let message):
            var metadata = metadata(of: worker)
            metadata["text"] = .string(message)
            logger.log(level: Logger.Level(rawValue: level) ?? .info, "worker says", metadata: metadata)
        }
    }

    func doorbellClosed(of worker: Worker) {
        // A process that ends closes it too, a moment before its end is known.
        eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { [weak self] in
            guard let self, workers[worker.id] === worker else { return }
            switch worker.life.state {
            case .starting, .warmingUp, .standingBy, .ready, .draining:
                kill(worker.id, because: .doorbellClosed)
            case .stopping, .terminating, .killed, .dead:
                break
            }
        }
    }

    func processEnded(token: UInt64) {
        if let template = templates.first(where: { $0.token == token }) { return template.processEnded() }
        processEnded(WorkerID(raw: Int(truncatingIfNeeded: token)))
    }

    private func processEnded(_ id: WorkerID) {
        guard let worker = workers[id] else { return }
        if worker.isHeard {
            // Its last words: a report of what went wrong, responses that were complete before it died.
            readControl(of: worker)
            if case .starting = worker.life.state {} else if worker.isHeard { delegate?.workerHasNews(worker) }
        }
        perform(worker.life.ended(worker.reap(), at: now), on: worker)
        settle()
    }

    func outputClosed(_ key: Int) {
        outputs[key] = nil
        guard isConcluding, outputs.isEmpty else { return }
        lastLines?.cancel()
        concluded()
    }
}
