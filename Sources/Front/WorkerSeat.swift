internal import Logging
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
    /// Whether it takes what it is handed.
    var pulse = WorkerPulse()
    /// The frames that lay untaken when it was held.
    var untaken: [FrameClaim] = []
    /// The judgement of it, once a thread is stuck.
    var judge: HangJudge?
    /// Whether no thread of it runs Python any more.
    var isWedged = false
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

    /// Every request that it has, running and laid ready.
    var exchanges: [Exchange] { running.compactMap { $0 } + staged.joined().map(\.exchange) }

    /// Which worker it is, for the log.
    var metadata: Logger.Metadata { ["worker": "\(worker.index + 1)", "pid": "\(worker.pid)"] }

    /// Whether no request is in it that can still end: a thread that is stuck is not waited for.
    var isIdle: Bool { running.allSatisfy { $0?.deadline.isStuck ?? true } }

    /// How many threads are stuck.
    var stuckThreads: Int { running.count { $0?.deadline.isStuck == true } }
}
