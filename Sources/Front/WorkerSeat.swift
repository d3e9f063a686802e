internal import Logging
internal import RequestQueue
internal import WorkerLink
internal import Workers

/// What the dispatcher knows of one worker: which exchange each of its slots runs.
///
/// Confined to the front's loop.
///
/// A slot is a thread of a WSGI app, which has a lane of its own; or one of the requests that an ASGI app's event loop may
/// have at once, all of which share the loop's lane, see ``StreamID``.
final class WorkerSeat {
    let worker: Worker
    /// Whether its requests run on one event loop.
    let isLoop: Bool
    /// One for each slot; nil where it is idle.
    var running: [Exchange?]
    /// For each slot, what lies ready behind the one that runs, next first; nothing ever for an event loop.
    var staged: [[(exchange: Exchange, claim: FrameClaim)]]
    /// What each slot may say next.
    var conversations: [LaneConversation]
    /// The lines of the app of which not all has come.
    var appLines = AppLines()
    /// Whether it takes what it is handed.
    var pulse = WorkerPulse()
    /// Whether the loop's ring had no room for a request.
    var isCrowded = false
    /// Who among those that share the loop's lane is to be seen to.
    var sharing = LaneSharing()
    /// The WebSockets of its event loop.
    var sockets = SocketTable()
    /// How far the worker had read when those that want room were last tried.
    var servedAt = UInt64.max
    /// The last message of a client that was written for its event loop.
    var lastMessage: FrameClaim?
    /// One that was found to lie unread.
    var unread: FrameClaim?
    /// When it was found.
    var unreadSince = Instant(nanoseconds: 0)
    /// The frames that lay untaken when it was held.
    var untaken: [FrameClaim] = []
    /// The judgement of it, once a thread is stuck.
    var judge: HangJudge?
    /// Whether no thread of it runs Python any more.
    var isWedged = false
    /// Whether it gets no more requests.
    var isLeaving = false
    /// When the clients of its WebSockets are sent away, once it gets no more requests.
    var dismissesAt: Instant?
    /// Requests that it has finished.
    var served: UInt64 = 0

    /// Creates the seat of a worker that has introduced itself.
    init(_ worker: Worker) {
        self.worker = worker
        isLoop = worker.introduction?.interface == .asgi
        let slots = isLoop ? min(max(worker.concurrency, 1), StreamID.greatestIndex) : worker.link.lanes.count
        running = Array(repeating: nil, count: slots)
        staged = Array(repeating: [], count: slots)
        conversations = Array(repeating: LaneConversation(), count: slots)
    }

    /// How many requests may be in it at once.
    ///
    /// Of a WSGI worker all its lanes, of which the queue's limit may leave some unused.
    var slots: Int { running.count }

    /// Every request that it has, running and laid ready.
    var exchanges: [Exchange] { running.compactMap { $0 } + staged.joined().map(\.exchange) }

    /// Which worker it is, for the log.
    var metadata: Logger.Metadata { ["worker": "\(worker.index + 1)", "pid": "\(worker.pid)"] }

    /// Whether no request is in it that can still end, and no WebSocket: a thread that is stuck is not waited for.
    var isIdle: Bool { sockets.count == 0 && running.allSatisfy { $0?.deadline.isStuck ?? true } }

    /// How many threads are stuck; of an event loop, requests that do not end.
    var stuckThreads: Int { running.count { $0?.deadline.isStuck == true } }
}

// MARK: What is on the wire

extension WorkerSeat {
    /// The name that the next request of a slot has in frames.
    func makeStream(_ number: UInt64, for slot: Int) -> UInt64 {
        isLoop ? StreamID(number: number, index: slot, isSocket: false).raw : number
    }

    /// The largest payload of a request's frame.
    var requestPayloadBytes: Int {
        isLoop ? LinkGeometry.loopRequestChunkBytes : worker.link.region.geometry.requestPayloadBytes
    }

    /// Writes a frame for a slot and wakes whoever reads it.
    ///
    /// - Returns: Who has the frame; nil when there is no room: then nothing was written.
    @inline(__always)
    func send(
        _ kind: FrameKind,
        flags: UInt8 = 0,
        to slot: Int,
        stream: UInt64,
        count: Int,
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> FrameClaim? {
        isLoop
            ? worker.link.loop.send(kind, flags: flags, stream: stream, count: count, fill: fill)
            : worker.link.lanes[slot].send(kind, flags: flags, stream: stream, count: count, fill: fill)
    }

    /// Whether the worker has set its reading position to where it can't be.
    func isBroken(_ slot: Int) -> Bool { isLoop ? worker.link.loop.isBroken : worker.link.lanes[slot].isBroken }

    /// Whether the ring is too full for a request of the usual kind.
    var lacksRoom: Bool { isLoop && !worker.link.loop.hasRoom(for: LinkGeometry.loopRequestChunkBytes) }

    /// Whether the app has said that the request of a slot may be answered twice; see ``FrontLane/isIdempotent(_:)``.
    func isIdempotent(_ stream: UInt64, in slot: Int) -> Bool {
        isLoop
            ? running[slot].map { $0.stream == stream && $0.isMarkedIdempotent } ?? false
            : worker.link.lanes[slot].isIdempotent(stream)
    }

    /// See ``FrontLane/extendedDeadline(of:)``.
    func extendedDeadline(of stream: UInt64, in slot: Int) -> UInt64? {
        isLoop
            ? running[slot].flatMap { $0.stream == stream ? $0.extendedUntil : nil }
            : worker.link.lanes[slot].extendedDeadline(of: stream)
    }

    /// The thread that runs the request of a slot; see ``FrontLane/thread``.
    func thread(of slot: Int) -> (id: Int32, name: UInt64)? {
        isLoop ? worker.link.loop.thread : worker.link.lanes[slot].thread
    }
}
