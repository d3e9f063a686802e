internal import RequestQueue

// What happens to single workers.
extension PoolState {
    /// No process could be started for a place.
    mutating func notStarted(
        _ place: Place,
        failure: StartupFailure,
        jitter: Double,
        at now: Instant
    ) -> [Action] {
        guard phase == .running, seat(at: place) != nil else { return [] }
        return vacate(place, failure: failure, served: nil, reason: nil, jitter: jitter, at: now)
    }

    /// A worker has imported the app and is warm: it could take requests now.
    mutating func prepared(_ worker: WorkerID) -> [Action] {
        guard phase == .running, let place = place(of: worker) else { return [] }
        switch place.role {
        case .current:
            served()
            return [.open(worker)]
        case .successor:
            guard let successor = positions[place.index].successor else { return [] }
            let predecessor = dismiss(positions[place.index].current)
            let backoff = positions[place.index].backoff
            positions[place.index] = Position(.filled(worker))
            // Its successor may fail as it has.
            if successor.because.servedBeforeFailure != nil { positions[place.index].backoff = backoff }
            served()
            guard let predecessor else { return [.open(worker)] }
            if !successor.because.isUrgent { recycled = predecessor }
            return [.open(worker), .replaced(predecessor, because: successor.because), .drain(predecessor)]
        case .coming:
            coming?.prepared.insert(worker)
            return takeOverIfPrepared()
        }
    }

    /// A worker has ended.
    mutating func ended(_ worker: WorkerID, _ death: WorkerDeath, jitter: Double, at now: Instant) -> [Action] {
        if recycled == worker { recycled = nil }
        if leaving.remove(worker) != nil { return [] }
        guard phase == .running, let place = place(of: worker) else { return [] }
        return vacate(
            place,
            failure: death.failure,
            served: death.served,
            reason: death.reason,
            jitter: jitter,
            at: now
        )
    }

    private mutating func vacate(
        _ place: Place,
        failure: StartupFailure?,
        served: Duration?,
        reason: EndReason?,
        jitter: Double,
        at now: Instant
    ) -> [Action] {
        switch place.role {
        case .current:
            // Whoever was here has gone: a pool that gives up does not wait for him.
            positions[place.index].current = .empty
            guard replacesWorkers else { return fail(failure ?? Self.peerGone(reason)) }
            if let failure, !hasServed { return fail(failure) }
            if let successor = positions[place.index].successor {
                // Its successor is on the way already, or was about to be.
                positions[place.index].successor = nil
                if case .filled = successor.seat {
                    positions[place.index].current = successor.seat
                    return []
                }
            }
            let wait = positions[place.index].backoff.wait(afterLife: served ?? .zero, jitter: jitter)
            positions[place.index].current = .waiting(until: now + Nanoseconds(wait))
            return [.waitToReplace(for: wait)]
        case .successor:
            guard var successor = positions[place.index].successor else { return [] }
            let wait = successor.backoff.wait(afterLife: .zero, jitter: jitter)
            successor.seat = .waiting(until: now + Nanoseconds(wait))
            positions[place.index].successor = successor
            return [.waitToReplace(for: wait)]
        case .coming:
            return vacateComing(place.index, failure: failure, at: now)
        }
    }

    private static func peerGone(_ reason: EndReason?) -> StartupFailure {
        StartupFailure(
            .peerGone,
            title: reason == nil
                ? "the process that called roost.serve has gone"
                : "the process that called roost.serve was let go",
            reason: (reason.map { "\($0.shortName); " } ?? "") + "it cannot be replaced"
        )
    }
}
