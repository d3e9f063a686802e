import CRoostSystem
import Glibc
import HTTPCodec
import Logging
import NIOCore
import NIOEmbedded
import RequestQueue
import Telemetry
import Testing
import WorkerLink

@testable import Front
@testable import Workers

/// The front without sockets and processes: connections on embedded channels, and a worker whose end of the lanes is
/// the test's.
final class FrontUnderTest {
    let loop = EmbeddedEventLoop()
    let core: FrontCore
    let dispatcher: Dispatcher
    private(set) var workers: [FakeWorker] = []
    private(set) var violations: [LinkViolation] = []

    /// Creates a front with workers of equally many threads, all ready; with event loops that have so many requests at
    /// once, if `concurrency` says so.
    init(
        processes: Int = 1,
        threads: Int = 1,
        concurrency: Int? = nil,
        _ configure: (inout FrontConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = FrontConfiguration()
        configure(&configuration)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let causes =
            RefusalCause.allCases.map(\.rawValue) + Refusal.Cause.allCases.map(\.rawValue)
            + ["head_timeout", "body_timeout", "write_stall"] + WebSocketConnection.causes
        dispatcher = Dispatcher(
            loop: loop,
            policy: configuration.queue,
            timeoutGrace: Nanoseconds(configuration.requests.timeoutGrace),
            metrics: ServerMetrics(refusalCauses: causes),
            sticky: StickySessions(configuration.sticky),
            logger: logger
        )
        let sink = LineSink()
        core = FrontCore(
            configuration: configuration,
            loop: loop,
            dispatcher: dispatcher,
            logger: logger,
            accessLog: { sink.lines.append($0) }
        )
        self.sink = sink
        core.updateDate()
        dispatcher.killWorker = { [unowned self] _, violation in violations.append(violation) }
        for _ in 0..<processes { try addWorker(threads: threads, concurrency: concurrency) }
    }

    private final class LineSink {
        var lines: [AccessLogLine] = []
    }

    private let sink: LineSink

    /// The access log so far.
    var accessLog: [AccessLogLine] { sink.lines }

    /// The only worker's only lane.
    var worker: FakeWorker { workers[0] }

    @discardableResult
    func addWorker(threads: Int, concurrency: Int? = nil) throws -> FakeWorker {
        let worker = try FakeWorker(number: workers.count + 1, threads: threads, concurrency: concurrency)
        workers.append(worker)
        dispatcher.seats.append(WorkerSeat(worker.worker))
        dispatcher.streamsBodies = concurrency != nil
        #expect(dispatcher.queue.add(worker: worker.worker.id, threads: concurrency ?? threads) == true)
        dispatcher.sticky.add(worker.worker.id, needsSessions: worker.worker.introduction?.isSticky)
        return worker
    }

    /// Has a worker end by itself, as it were with a crash.
    func lose(_ worker: FakeWorker) {
        dispatcher.lose(
            worker.worker,
            WorkerDeath(exit: .signalled(11), reason: nil, served: .seconds(1), failure: nil)
        )
        loop.run()
    }

    /// Has the queue believe that requests take no time.
    func makeQuick() {
        let now = MonotonicClock.now()
        for _ in 0..<100 {
            _ = dispatcher.queue.offer(at: now)
            while case .dispatch(let ticket, let slot, _)? = dispatcher.queue.next(at: now) {
                dispatcher.queue.finish(slot, of: ticket, at: now)
            }
        }
    }

    /// Lets the front read what workers have written.
    func visit() {
        for seat in dispatcher.seats { dispatcher.visit(seat) }
        loop.run()
    }

    /// Opens a connection.
    func connect() throws -> Client { try Client(self) }
}

/// One connection, seen from the client.
final class Client {
    let channel: EmbeddedChannel
    let connection: HTTP1Connection
    private var isOver = false

    private let socket = FullSocket()

    fileprivate init(_ front: FrontUnderTest) throws {
        channel = EmbeddedChannel(loop: front.loop)
        try channel.pipeline.syncOperations.addHandler(socket)
        connection = HTTP1Connection(
            core: front.core,
            listener: ListenerIdentity(host: "0.0.0.0", port: "8000"),
            peer: PeerAddress(try SocketAddress(ipAddress: "192.0.2.7", port: 4321)),
            now: MonotonicClock.now()
        )
        try channel.pipeline.syncOperations.addHandler(connection)
        channel.closeFuture.assumeIsolated().whenComplete { [weak self] _ in self?.isOver = true }
    }

    func send(_ text: String) throws {
        _ = try channel.writeInbound(ByteBuffer(string: text))
    }

    func send(_ bytes: some Sequence<UInt8>) throws {
        _ = try channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    /// Whether the front has closed the connection.
    var isClosed: Bool {
        // A channel tells of its end in the loop's next turn.
        channel.embeddedEventLoop.run()
        return isOver
    }

    /// What has come since the last call.
    func bytes() throws -> [UInt8] {
        var all: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { all += buffer.readableBytesView }
        return all
    }

    /// What has come since the last call, as text.
    func text() throws -> String { String(decoding: try bytes(), as: UTF8.self) }

    /// Leaves without a word.
    func leave() {
        channel.close(promise: nil)
        channel.embeddedEventLoop.run()
    }

    /// Says that no more will come.
    func closeInput() {
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        channel.embeddedEventLoop.run()
    }

    /// From now on the socket is full, and what is written stays with the channel; or it takes everything again.
    func setSocketFull(_ isFull: Bool) {
        socket.isFull = isFull
        channel.embeddedEventLoop.run()
    }

    /// Takes bytes again, or no more.
    func setWritable(_ isWritable: Bool) {
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
        channel.embeddedEventLoop.run()
    }
}

/// Keeps what is written with the channel while it is full, as a socket does that takes no more; a close loses it.
private final class FullSocket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private var context: ChannelHandlerContext?
    var isFull = false {
        didSet { if !isFull { context?.flush() } }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func flush(context: ChannelHandlerContext) {
        if !isFull { context.flush() }
    }
}

/// A request as the worker got it.
struct TakenRequest: Equatable {
    var stream: UInt64
    var method: String
    var target: String
    var path: String
    var query: String
    var fields: [String]
    var body: [UInt8]
    var isBodyInFile: Bool
    var bodyBytes: Int
}

/// A worker without a process: real rings, a real control socket, and the test at the other end.
final class FakeWorker {
    let worker: Worker
    private var lanes: [WorkerLane]
    /// The worker's end of the event loop's lane; only where it has one.
    var loop: WorkerLane
    private let farControl: OwnedDescriptor

    init(number: Int, threads: Int, concurrency: Int? = nil) throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: threads))
        let sockets = try OwnedDescriptor.makeSocketPair()
        farControl = OwnedDescriptor(sockets.1)
        let now = MonotonicClock.now()
        worker = Worker(
            id: WorkerID(raw: number),
            index: number - 1,
            process: WorkerProcess(
                pid: getpid(),
                // Of a process that has not ended nothing can be read.
                processDescriptor: OwnedDescriptor(
                    concurrency == nil ? open("/dev/null", O_RDONLY) : roost_eventfd()
                ),
                region: region,
                control: OwnedDescriptor(sockets.0),
                doorbell: nil,
                output: nil,
                error: nil
            ),
            // Nobody is to be signalled.
            isAttached: true,
            life: WorkerLife(startedAt: now, startupTimeout: .seconds(60)),
            at: now
        )
        lanes = (0..<threads).map { WorkerLane(region: region, lane: $0, doorbell: -1) }
        loop = WorkerLane(region: region, lane: LinkGeometry.loopLane, doorbell: -1)
        if let concurrency {
            worker.introduction = WorkerIntroduction(interface: .asgi)
            worker.concurrency = concurrency
        }
    }

    /// Takes the next request of a lane.
    func take(_ lane: Int = 0) throws -> TakenRequest? {
        guard let (header, payload) = try lanes[lane].peek(), lanes[lane].claim(header) else { return nil }
        defer { lanes[lane].consume(header) }
        let reader = try RequestEnvelopeReader(payload)
        func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
        return TakenRequest(
            stream: header.stream,
            method: text(reader.part(.method)),
            target: text(reader.part(.target)),
            path: text(reader.part(.path)),
            query: text(reader.part(.query)),
            fields: (0..<reader.fieldCount).map { text(reader.field($0).name) + ": " + text(reader.field($0).value) },
            body: Array(reader.body),
            isBodyInFile: reader.flags.contains(.bodyIsFile),
            bodyBytes: reader.bodyBytes
        )
    }

    /// What the front says in one part of the request that comes next.
    func nextPart(_ part: RequestEnvelope.Part, lane: Int = 0) throws -> String? {
        guard let (_, payload) = try lanes[lane].peek() else { return nil }
        return String(decoding: try RequestEnvelopeReader(payload).part(part), as: UTF8.self)
    }

    func markIdempotent(_ stream: UInt64, lane: Int = 0) { lanes[lane].markIdempotent(stream) }

    func isCancelled(_ stream: UInt64, lane: Int = 0) -> Bool { lanes[lane].isCancelled(stream) }

    /// Writes the head and the first bytes of the body.
    func respond(
        _ stream: UInt64,
        lane: Int = 0,
        status: UInt16 = 200,
        fields: [(String, String)] = [],
        body: [UInt8] = [],
        length: Int? = nil,
        isWhole: Bool = true
    ) {
        var head: [UInt8] = []
        func put(_ number: some FixedWidthInteger) { withUnsafeBytes(of: number.littleEndian) { head += $0 } }
        put(status)
        put(UInt16(2))
        put(UInt16(fields.count))
        put(UInt16(0))
        head += "OK".utf8
        for (name, value) in fields {
            put(UInt16(name.utf8.count))
            put(UInt16(0))
            put(UInt32(value.utf8.count))
            head += name.utf8
            head += value.utf8
        }
        let count = ResponseEnvelope.fixedBytes + head.count + body.count
        send(
            .response,
            to: lane,
            flags: isWhole ? FrameHeader.isWhole : 0,
            stream: stream,
            count: count
        ) { payload in
            guard let base = payload.baseAddress else { return }
            ResponseEnvelope.store(
                headBytes: head.count,
                bodyBytes: isWhole ? UInt64(body.count) : length.map { UInt64($0) } ?? ResponseEnvelope.unknownLength,
                takenAt: 0,
                to: base
            )
            (base + ResponseEnvelope.fixedBytes).copyMemory(from: head, byteCount: head.count)
            (base + ResponseEnvelope.fixedBytes + head.count).copyMemory(from: body, byteCount: body.count)
        }
    }

    /// Writes another frame.
    ///
    /// - Returns: false when there is no room.
    @discardableResult
    func send(
        _ kind: FrameKind,
        _ stream: UInt64,
        lane: Int = 0,
        flags: UInt8 = 0,
        _ payload: [UInt8] = []
    ) -> Bool {
        send(kind, to: lane, flags: flags, stream: stream, count: payload.count) { $0.copyBytes(from: payload) }
    }

    @discardableResult
    private func send(
        _ kind: FrameKind,
        to lane: Int,
        flags: UInt8 = 0,
        stream: UInt64,
        count: Int,
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Bool {
        worker.introduction?.interface == .asgi
            ? loop.send(kind, flags: flags, stream: stream, count: count, fill: fill)
            : lanes[lane].send(kind, flags: flags, stream: stream, count: count, fill: fill)
    }

    /// Sends a file as the rest of the body.
    func send(file: Int32, _ stream: UInt64, offset: Int, count: Int) {
        _ = WorkerControl.send(file: file, stream: stream, over: farControl.raw)
        lanes[0].send(.file, stream: stream, count: FileEnvelope.byteCount) { payload in
            guard let base = payload.baseAddress else { return }
            FileEnvelope.store(offset: UInt64(offset), count: UInt64(count), to: base)
        }
    }

    /// Takes the body file that the front has sent: the stream that it is of, and what is in it.
    func takeBodyFile() -> (stream: UInt64, bytes: [UInt8])? {
        var words: [UInt64] = [0, 0]
        var descriptor: Int32 = -1
        guard roost_receive_with_descriptor(farControl.raw, &words, 16, &descriptor, 0) == 16, descriptor >= 0 else {
            return nil
        }
        let file = SpoolFile(adopting: descriptor, byteCount: 0)
        return (words[1], contents(of: file))
    }
}

/// All bytes of a file.
func contents(of file: SpoolFile) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 8 << 20)
    let count = bytes.withUnsafeMutableBytes { room in (try? file.read(at: 0, into: room)) ?? 0 }
    return Array(bytes.prefix(count))
}

/// Bytes that tell where each stands.
func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
}

/// Takes a chunked body apart, strictly; nil when it isn't whole.
func unchunked(_ bytes: some Sequence<UInt8>) -> [UInt8]? {
    var decoder = ChunkedBodyDecoder()
    var body: [UInt8] = []
    let result = try? Array(bytes).withUnsafeBytes { try decoder.decode($0) { body += $0 } }
    return result?.isComplete == true ? body : nil
}

/// Compares large bodies without printing them when they differ.
func expectSame(_ bytes: [UInt8]?, _ expected: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    guard bytes != expected else { return }
    let place = bytes.map { zip($0, expected).prefix { $0 == $1 }.count }
    Issue.record(
        "\(bytes?.count ?? -1) bytes, expected \(expected.count); the first \(place ?? 0) are the same",
        sourceLocation: sourceLocation
    )
}

/// Parts a response into head and body.
func parted(_ response: [UInt8]) -> (head: String, body: [UInt8]) {
    let end = Array("\r\n\r\n".utf8)
    for index in response.indices where response[index...].starts(with: end) {
        return (String(decoding: response[..<(index + 4)], as: UTF8.self), Array(response[(index + 4)...]))
    }
    return (String(decoding: response, as: UTF8.self), [])
}
