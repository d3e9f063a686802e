internal import RequestQueue

/// What there is at one of the pool's places.
public struct WorkerPlace {
    /// What the worker there is for.
    public enum Role: String, Sendable {
        /// It serves, or is the one that will next.
        case current
        /// It is to take the place of another.
        case successor
        /// It has no place any more, and finishes what it has.
        case leaving
    }

    /// The position, from 0.
    public var index: Int
    /// What it is for.
    public var role: Role
    /// The worker; nil while one is waited for.
    public var worker: Worker?
}

extension WorkerPool {
    /// Every place and who is there, by position; those of the generation that serves before their successors, and
    /// before those who leave.
    public var report: [WorkerPlace] {
        var places: [WorkerPlace] = []
        for index in state.positions.indices {
            if case .filled(let id) = state.positions[index].current, let worker = workers[id] {
                places.append(WorkerPlace(index: index, role: .current, worker: worker))
            } else if state.phase == .running {
                places.append(WorkerPlace(index: index, role: .current, worker: nil))
            }
        }
        let current = Set(places.compactMap { $0.worker?.id })
        let others = workers.values.filter { !current.contains($0.id) }.map { worker in
            let isLeaving = worker.isLeaving || state.phase != .running
            return WorkerPlace(index: worker.index, role: isLeaving ? .leaving : .successor, worker: worker)
        }
        let order: [WorkerPlace.Role] = [.current, .successor, .leaving]
        return (places + others).sorted { one, other in
            let ranks = [one, other].map { place in
                (place.index, order.firstIndex(of: place.role) ?? 0, place.worker?.id.raw ?? 0)
            }
            return ranks[0] < ranks[1]
        }
    }
}
