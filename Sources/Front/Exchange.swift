internal import RequestQueue
internal import Sessions
internal import Telemetry
internal import WorkerLink

/// One request on its way from a client to a thread and back.
///
/// Confined to the front's loop.
///
/// The dispatcher knows it while it waits and while it runs; its owner (a connection, a warm-up) knows what it asks and
/// where the answer goes. An owner who leaves takes itself out: the thread then runs for nobody, until it says so.
final class Exchange {
    enum Stage {
        /// Not offered yet. May go to waiting or ended.
        case new
        /// In the queue. May go to staged, running or ended.
        case waiting
        /// In the queue still, but laid ready in a lane. May go to waiting, running or ended.
        case staged
        /// A thread has it. May go to answering or ended, or back to waiting when its worker is lost.
        case running
        /// The head of the response has come. May go to ended.
        case answering
        /// Over, for the queue and the worker.
        case ended
    }

    /// Nil once the client has left or the exchange has ended, which is what breaks the cycle with the owner.
    var owner: (any ExchangeOwner)?
    var stage = Stage.new
    var ticket: RequestTicket?
    var slot: Slot?
    /// Names this request in frames; 0 before it runs.
    var stream: UInt64 = 0
    /// Where a request id starts; see ``RequestID``.
    let number: UInt64
    var client = ClientKey.shared
    var requestClass = RequestClass.standard
    var upstreamWait = Nanoseconds.zero
    /// The only worker that it may go to, which keeps its session; nil for any.
    var worker: WorkerID?
    /// The session that it belongs to; nil when it belongs to none.
    var session: SessionID?
    /// The session of which the client is told in a cookie; nil when it need not be.
    var sessionToName: SessionID?
    /// Whether there is no seat for its session.
    var isTurnedAway = false
    /// When the request was complete.
    var offeredAt = Instant(nanoseconds: 0)
    /// When a thread of Python took it.
    var takenAt = Instant(nanoseconds: 0)
    /// When the front gave it to the thread, or learned that it went on with it.
    var startedAt = Instant(nanoseconds: 0)
    /// Whether an event loop has it, or had it: then frames name it by a ``StreamID``.
    var isStream = false
    /// Whether it asks for a WebSocket.
    var isHandshake = false
    /// Its place among the WebSockets of the worker that has it, until the app has answered.
    var socket: SocketStream?
    /// What may be under way on its stream; of an event loop only.
    var flow = StreamFlow()
    var listing = LaneListing()
    /// How long it may run.
    var deadline = RunningDeadline()
    /// Until when the app on an event loop asked to be let work, in nanoseconds of the monotonic clock.
    var extendedUntil: UInt64?
    /// Whether the app on an event loop has said that it may run twice.
    var isMarkedIdempotent = false
    /// Whether it was taken back once already from a worker that runs, but does not come to it.
    var wasMoved = false
    /// From then to the last byte of the response handed to the front; zero until then.
    var serviceTime = Nanoseconds.zero

    /// The lane in which it lies ready; nil when it does not.
    var stagedAt: (seat: WorkerSeat, lane: Int)?
    /// Who has the frame of the request that runs.
    ///
    /// It points into the worker's memory: let go of it before the worker.
    var claim: FrameClaim?
    /// The workers that ended with this request begun in them.
    var workersLost = 0
    /// The server's own: not counted.
    var isWarmUp = false

    init(number: UInt64, owner: any ExchangeOwner) {
        self.number = number
        self.owner = owner
    }
}

extension Exchange: LaneSharer {
    func paused() { owner?.paused(self) }

    func goOn(through dispatcher: Dispatcher, on seat: WorkerSeat) { dispatcher.goOn(self, on: seat) }
}

/// Who asks, and gets the answer.
///
/// Everything is called on the front's loop.
protocol ExchangeOwner: AnyObject {
    /// Writes the request into a lane.
    ///
    /// - Returns: Who has the frame; nil when it does not fit.
    func write(_ exchange: Exchange, to worker: WorkerSeat, lane: Int) -> FrameClaim?
    /// Whether its client is so far behind that no more frames are to be read for now.
    var isFull: Bool { get }
    /// Bytes of the response that the client's socket has not taken.
    var unsentBytes: Int { get }
    /// Whether what goes on has to wait for the client: for more of its body, or until it has taken what was sent.
    var awaitsClient: Bool { get }
    /// Whether all of the request is still here, so that it can be written once more.
    var isRepeatable: Bool { get }
    /// Whether the request is small enough to be laid ready.
    var canBeStaged: Bool { get }
    /// Whether the request's method is safe, so that it may run twice; see ``RetryRule``.
    var isSafe: Bool { get }
    /// Method and path, for the log: without the query, escaped, and of bounded length.
    var route: String { get }
    /// The head of the response and the first bytes of its body, in shared memory.
    func began(_ exchange: Exchange, _ response: ResponseEnvelope.Reader, isWhole: Bool)
    /// The app has accepted the WebSocket.
    ///
    /// - Returns: The client's side of it; nil when that is gone.
    func opened(
        _ exchange: Exchange,
        _ response: ResponseEnvelope.Reader,
        _ stream: SocketStream
    ) -> (any SocketOwner)?
    /// More of the request's body may be sent on: the app has taken some, or there is room again.
    func bodyMayGoOn(_ exchange: Exchange)
    /// More of the body: what lies in shared memory one behind the other.
    func continued(_ exchange: Exchange, _ pieces: [UnsafeRawBufferPointer])
    /// The rest of the body is a part of a file.
    func continued(_ exchange: Exchange, file: SpoolFile, offset: Int, count: Int)
    /// What comes behind the body, in shared memory; ``ended(_:)`` follows.
    func trailed(_ exchange: Exchange, _ trailers: UnsafeRawBufferPointer)
    /// The response is complete.
    func ended(_ exchange: Exchange)
    /// No (more) response will come.
    func failed(_ exchange: Exchange, _ failure: ExchangeFailure)
    /// Everything that has come so far was told: a good moment to flush.
    func paused(_ exchange: Exchange)
}

extension ExchangeOwner {
    func trailed(_ exchange: Exchange, _ trailers: UnsafeRawBufferPointer) {}
}

/// Why a request gets no answer from the app, or only a part of one.
enum ExchangeFailure: Equatable {
    /// Refused by the queue.
    case refused(RefusalCause)
    /// The worker died, or was killed because it broke the protocol.
    case workerDied
    /// It ran longer than it may.
    case timedOut(limit: Nanoseconds)
    /// The app could not be started; see ``CodeFailure``.
    case notStarted
    /// The app broke off after the head.
    case aborted
    /// The request does not fit a lane, or could not be handed over.
    case undeliverable
    /// The worker has as many WebSockets as it may.
    case tooManySockets

    /// The label in the metrics; nil for refusals, which are counted by their own causes, and for code that does not
    /// start.
    var metricsCause: ServerMetrics.FailureCause? {
        switch self {
        case .refused, .notStarted, .tooManySockets: nil
        case .workerDied: .workerEnded
        case .timedOut: .timedOut
        case .aborted: .aborted
        case .undeliverable: .undeliverable
        }
    }
}

/// The id of a request, in logs and in the app's environ: eight hex digits of the server's start, eight of the number.
struct RequestID {
    /// Differs between servers and restarts.
    static let byteCount = 16
    let prefix: UInt32

    /// Writes the 16 bytes of the id of request `number`.
    func write(_ number: UInt64, to room: UnsafeMutableRawBufferPointer) {
        var value = UInt64(prefix) << 32 | UInt64(UInt32(truncatingIfNeeded: number))
        for index in stride(from: min(room.count, Self.byteCount) - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: value & 15)
            room[index] = digit < 10 ? 48 + digit : 87 + digit
            value >>= 4
        }
    }

    /// The id as text.
    func text(_ number: UInt64) -> String {
        withUnsafeTemporaryAllocation(byteCount: Self.byteCount, alignment: 1) { room in
            write(number, to: room)
            return String(decoding: room, as: UTF8.self)
        }
    }
}
