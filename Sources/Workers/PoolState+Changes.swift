internal import RequestQueue

// What is asked for: a reload, another number of workers, the replacement of one.
extension PoolState {
    // MARK: Reload

    /// Begins a generation of `processes` workers, which takes over when all of it is prepared.
    ///
    /// - Returns: Whether it was begun; not while another is coming, nor unless the pool runs.
    mutating func reload(processes: Int, at now: Instant) -> Bool {
        guard phase == .running, replacesWorkers, coming == nil else { return false }
        coming = Coming(seats: Array(repeating: .waiting(until: now), count: max(processes, 1)))
        return true
    }

    mutating func takeOverIfPrepared() -> [Action] {
        guard let coming else { return [] }
        let workers = coming.seats.compactMap { seat -> WorkerID? in
            if case .filled(let worker) = seat, coming.prepared.contains(worker) { worker } else { nil }
        }
        guard workers.count == coming.seats.count else { return [] }
        var actions = [Action.generationChanged] + workers.map { .open($0) }
        for position in positions {
            if let worker = dismiss(position.current) { actions.append(.drain(worker)) }
            if let worker = dismiss(position.successor?.seat) { actions.append(.end(worker)) }
        }
        positions = workers.map { Position(.filled($0)) }
        self.coming = nil
        generation += 1
        served()
        return actions + [.reloaded]
    }

    /// A worker of the coming generation has ended, or could not be started.
    mutating func vacateComing(_ index: Int, failure: StartupFailure?, at now: Instant) -> [Action] {
        guard var coming else { return [] }
        if case .filled(let worker) = coming.seats[index], coming.prepared.remove(worker) != nil,
            coming.losses < Self.greatestLosses
        {
            // It could start, and died while it waited: another will.
            coming.losses += 1
            coming.seats[index] = .waiting(until: now)
            self.coming = coming
            return [.waitToReplace(for: .zero)]
        }
        coming.seats[index] = .empty
        self.coming = nil
        let failure =
            failure
            ?? StartupFailure(
                .ended,
                title: "a worker of the new generation ended before all were ready",
                reason: "its process was ended from outside, \(coming.losses) times"
            )
        return coming.seats.compactMap { dismiss($0) }.map { .end($0) } + [.reloadFailed(failure)]
    }

    // MARK: Replace

    /// Whether a worker that could go on may be replaced now: one at a time, and only while nothing else changes.
    var canRecycle: Bool {
        phase == .running && replacesWorkers && coming == nil && recycled == nil
            && positions.allSatisfy { position in
                if case .filled = position.current { position.successor == nil } else { false }
            }
    }

    /// Wants a successor for a worker.
    ///
    /// A failure that the successor may share is answered ever more slowly, as deaths are: its workers follow each other
    /// at one position, which counts their short lives.
    ///
    /// - Returns: How long until one begins; nil when none will come. None does for a worker that has no place, that is
    ///   being replaced already, or whose whole generation is; nor, unless it is urgent, while ``canRecycle`` is false.
    mutating func replace(
        _ worker: WorkerID,
        because reason: ReplacementReason,
        jitter: Double = 0,
        at now: Instant
    ) -> Duration? {
        guard phase == .running, replacesWorkers, let place = place(of: worker), place.role == .current else {
            return nil
        }
        guard reason.isUrgent || canRecycle else { return nil }
        if case .filled = positions[place.index].successor?.seat { return nil }
        let wait = reason.servedBeforeFailure.map { served in
            positions[place.index].backoff.wait(afterLife: served, jitter: jitter)
        }
        positions[place.index].successor = Successor(
            because: reason,
            seat: .waiting(until: now + Nanoseconds(wait ?? .zero))
        )
        return wait ?? .zero
    }

    // MARK: Scale

    /// Wants `processes` workers: more begin at new positions, fewer leave from the highest.
    mutating func scale(to processes: Int, at now: Instant) -> [Action] {
        guard phase == .running, replacesWorkers else { return [] }
        let processes = max(processes, 1)
        var actions: [Action] = []
        while positions.count < processes { positions.append(Position(.waiting(until: now))) }
        while positions.count > processes {
            let position = positions.removeLast()
            if let worker = dismiss(position.current) { actions.append(.drain(worker)) }
            if let worker = dismiss(position.successor?.seat) { actions.append(.end(worker)) }
        }
        guard coming != nil else { return actions }
        while let count = coming?.seats.count, count < processes { coming?.seats.append(.waiting(until: now)) }
        while let count = coming?.seats.count, count > processes {
            if let worker = dismiss(coming?.seats.removeLast()) { actions.append(.end(worker)) }
        }
        return actions + takeOverIfPrepared()
    }
}
