internal import RequestQueue
internal import WorkerLink
internal import Workers

/// What the dispatcher knows of one worker: which exchange each of its lanes runs.
///
/// Confined to the front's loop.
final class WorkerSeat {
    let worker: Worker
    /// One for each lane; nil where the thread is idle.
    var running: [Exchange?]
    /// For each lane, what lies ready behind the one that runs, next first.
    var staged: [[(exchange: Exchange, claim: FrameClaim)]]
    /// What each lane may say next.
    var conversations: [LaneConversation]
    /// Whether it gets no more requests.
    var isLeaving = false
    /// Requests that its threads have finished.
    var served: UInt64 = 0

    init(_ worker: Worker) {
        self.worker = worker
        running = Array(repeating: nil, count: worker.link.lanes.count)
        staged = Array(repeating: [], count: worker.link.lanes.count)
        conversations = Array(repeating: LaneConversation(), count: worker.link.lanes.count)
    }

    /// Whether no request is in it.
    var isIdle: Bool { running.allSatisfy { $0 == nil } }
}
