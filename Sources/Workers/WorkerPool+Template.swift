internal import CRoostSystem
internal import Glibc
internal import Logging
internal import NIOCore
internal import RequestQueue

// What the template tells the pool.
extension WorkerPool {
    /// The worker's process exists.
    func workerForked(_ id: WorkerID, _ process: consuming StartedProcess) {
        guard let worker = workers[id], worker.isHeard else {
            // Not wanted any more. Reaped with the orphans.
            Glibc.kill(process.pid, SIGKILL)
            return
        }
        begin(worker, process)
    }

    /// The worker will have no process.
    func workerNotForked(_ id: WorkerID, _ failure: StartupFailure) {
        guard let worker = workers[id] else { return }
        perform(worker.life.reportedFailure(failure), on: worker)
        settle()
    }

    /// The worker is to have a process of its own, which imports the app.
    func startApart(_ id: WorkerID, _ ends: WorkerEnds) {
        guard let worker = workers[id], worker.isHeard else { return }
        do {
            begin(worker, try configuration.launch(ends))
        } catch {
            workerNotForked(id, error)
        }
    }

    private func begin(_ worker: Worker, _ process: consuming StartedProcess) {
        worker.adopt(process)
        guard let watcher, worker.watch(with: watcher) else {
            worker.kill()
            _ = worker.reap()
            return workerNotForked(worker.id, .unwatched)
        }
        forwardOutput(of: worker)
    }

    /// Whether this is a process of the pool.
    ///
    /// - Complexity: O(number of workers).
    func isOurs(_ pid: Int32) -> Bool {
        template?.pid == pid || workers.values.contains { $0.pid == pid }
    }

    /// Reaps what workers have left behind, now and then, as long as the pool lives.
    func reapOrphans() {
        guard !isConcluded else { return }
        // A worker that has just been forked, and ended, is not known yet.
        if template?.isForking != true {
            while case let pid = roost_ended_child(), pid > 0, orphans.takes(pid, isOurs: isOurs(pid)) {
                waitpid(pid, nil, WNOHANG)
            }
        }
        eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(orphans.interval)) { [weak self] () -> Void in
            self?.reapOrphans()
        }
    }
}

extension StartupFailure {
    /// The failure of a process whose end would go unseen.
    static let unwatched = StartupFailure(
        .notSpawned,
        title: "a worker could not be started",
        reason: "the kernel does not watch its process"
    )
}
