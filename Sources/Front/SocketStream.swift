internal import Sessions
internal import WorkerLink

/// One WebSocket as a worker's event loop has it: from the frame of its handshake until the app has returned.
///
/// Confined to the front's loop.
///
/// While the app has not answered the handshake, that is a request like any other, with an ``Exchange`` in a slot of the
/// queue. When it has accepted the slot is free, and an ``SocketOwner`` takes the exchange's place.
final class SocketStream {
    /// What the app is told.
    enum Telling: Equatable {
        /// What its client does. May go to farewell or over.
        case goingOn
        /// As soon as there is room, that its client is gone, and why. May go to over.
        case farewell(CloseEnvelope)
        /// Nothing more.
        case over
    }

    /// Names it in frames.
    let id: StreamID
    /// The number of its handshake, which its lines in the log go by.
    let request: UInt64
    /// The worker that has it; nil once that has ended, or the stream has.
    var seat: WorkerSeat?
    /// What the worker may say next.
    var conversation = LaneConversation()
    /// The handshake, until it is answered.
    var exchange: Exchange?
    /// The session that it belongs to, once the app has accepted; nil when it belongs to none.
    var session: SessionID?
    /// The client; nil before the app has accepted, and when the client is gone.
    var owner: (any SocketOwner)?
    /// What may be under way in either direction.
    var flow = StreamFlow()
    var telling = Telling.goingOn
    var listing = LaneListing()

    init(id: StreamID, seat: WorkerSeat, exchange: Exchange) {
        self.id = id
        request = exchange.number
        self.seat = seat
        self.exchange = exchange
    }
}

@available(*, unavailable)
extension SocketStream: Sendable {}

extension SocketStream: LaneSharer {
    func paused() { owner?.paused() }

    func goOn(through dispatcher: Dispatcher, on seat: WorkerSeat) { dispatcher.goOn(self, on: seat) }
}

/// The client's side of an open WebSocket.
///
/// Everything is called on the front's loop.
protocol SocketOwner: AnyObject {
    /// Bytes of the app's messages that the client's socket has not taken.
    var unsentBytes: Int { get }
    /// Whether messages take long to send, so that they are not gathered.
    var isCompressing: Bool { get }
    /// A message of the app, or a part of one, in shared memory.
    func message(_ pieces: [UnsafeRawBufferPointer], isText: Bool, continues: Bool)
    /// The app closes.
    func appClosed(_ message: CloseEnvelope)
    /// The app has returned, or was cut off; nothing comes from it any more.
    func ended()
    /// The worker has ended.
    func workerEnded()
    /// The worker is to be left: it goes, and has waited long enough.
    func workerLeaves()
    /// The app has taken something, or there is room again.
    func mayGoOn()
    /// Everything that has come so far was told: a good moment to flush.
    func paused()
}

/// The WebSockets of one worker, each at a place that its ``StreamID`` names.
struct SocketTable {
    private var places: [SocketStream?] = []
    private var free: [Int] = []
    /// How many there are, handshakes that the app has not answered included.
    private(set) var count = 0

    /// Creates a table without any.
    init() {}

    /// The stream at a place; nil for a free one, and for a place that there is not.
    subscript(place: Int) -> SocketStream? {
        place < places.count ? places[place] : nil
    }

    /// All of them.
    ///
    /// - Complexity: O(the most that there were at once).
    var all: [SocketStream] { places.compactMap { $0 } }

    /// Adds a stream, which is made for the place that it gets.
    mutating func add(_ make: (_ place: Int) -> SocketStream) -> SocketStream {
        let place = free.popLast() ?? places.count
        let stream = make(place)
        if place == places.count { places.append(stream) } else { places[place] = stream }
        count += 1
        return stream
    }

    /// Removes a stream, if it is there.
    mutating func remove(_ stream: SocketStream) {
        let place = stream.id.index
        guard self[place] === stream else { return }
        places[place] = nil
        free.append(place)
        count -= 1
    }
}
