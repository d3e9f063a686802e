internal import NIOCore
internal import RequestQueue

// What comes after every event, and at last.
extension WorkerPool {
    /// After every event: set the timer for what comes next, and end when nothing will.
    func settle() {
        if state.isOver { dismissTemplate(\.template) }
        retireTemplates()
        if state.isOver {
            if formerTemplates.isEmpty { conclude() }
            return
        }
        let next = (workers.values.compactMap { $0.life.deadline } + [state.nextStart].compactMap { $0 }).min()
        guard next != timer?.deadline else { return }
        timer?.scheduled.cancel()
        timer = next.map { deadline in
            let scheduled = eventLoop.assumeIsolated().scheduleTask(
                // NIO counts in signed numbers.
                deadline: .uptimeNanoseconds(min(deadline.nanoseconds, UInt64(Int64.max)))
            ) { [weak self] () -> Void in
                self?.timePassed()
            }
            return (scheduled, deadline)
        }
    }

    private func timePassed() {
        timer = nil
        for worker in Array(workers.values) {
            perform(worker.life.timePassed(at: now), on: worker)
        }
        startDue()
        settle()
    }

    /// Ends the pool once the last lines of its workers are read.
    ///
    /// Children that they left behind may hold the pipes open, and are not waited for.
    private func conclude() {
        guard !isConcluding else { return }
        isConcluding = true
        timer?.scheduled.cancel()
        timer = nil
        let patience: TimeAmount = outputs.isEmpty ? .zero : Self.lastLines
        lastLines = eventLoop.assumeIsolated().scheduleTask(in: patience) { [self] in concluded() }
    }

    func concluded() {
        guard !isConcluded else { return }
        isConcluded = true
        for output in outputs.values { output.close() }
        outputs = [:]
        watcher?.stop()
        watcher = nil
        if case .failed(let failure) = state.phase { delegate?.poolFailed(failure) }
        end?.succeed(())
    }
}
