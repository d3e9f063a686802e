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
            begin(worker, try configuration(of: worker).launch(ends))
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
        templates.contains { $0.pid == pid } || workers.values.contains { $0.pid == pid }
    }
}

// Which templates there are.
extension WorkerPool {
    /// All that may have a process.
    var templates: [Template] { [template, comingTemplate].compactMap { $0 } + formerTemplates }

    /// Makes what the workers of `configuration` are forked from; nil when they are not.
    func makeTemplate(of configuration: WorkerPoolConfiguration) -> Template? {
        guard case .preloaded = configuration.source else { return nil }
        // Workers are named by small numbers, which the watcher gets too.
        defer { nextTemplateToken -= 1 }
        beginReaping()
        return Template(configuration: configuration, pool: self, token: nextTemplateToken)
    }

    /// Nobody will be forked any more from the template there.
    func dismissTemplate(_ place: ReferenceWritableKeyPath<WorkerPool, Template?>) {
        guard let former = self[keyPath: place].take() else { return }
        formerTemplates.append(former)
    }

    /// Ends the templates whose last worker has ended: a template's exit handlers may take away what its workers use.
    func retireTemplates() {
        guard !formerTemplates.isEmpty else { return }
        for former in formerTemplates where !workers.values.contains(where: { $0.template === former }) {
            former.retire()
        }
        formerTemplates.removeAll { $0.isGone }
    }

    /// Begins to reap what workers leave behind; for a process that the kernel gives the orphans.
    func beginReaping() {
        guard orphans == nil else { return }
        orphans = OrphanRounds()
        reapOrphans()
    }

    /// Reaps what workers have left behind, now and then, as long as the pool lives.
    private func reapOrphans() {
        guard !isConcluded, var rounds = orphans else { return }
        // A worker that has just been forked, and ended, is not known yet.
        if !templates.contains(where: \.isForking) {
            while case let pid = roost_ended_child(), pid > 0, rounds.takes(pid, isOurs: isOurs(pid)) {
                waitpid(pid, nil, WNOHANG)
            }
        }
        orphans = rounds
        eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(rounds.interval)) { [weak self] () -> Void in
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
