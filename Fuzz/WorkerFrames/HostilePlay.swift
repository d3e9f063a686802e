import Glibc
import HTTPCodec
import WorkerLink

/// One play: each byte of the input is a step of the worker's or of the front's, with the bytes behind it as its words.
///
/// The worker has what a real one has: the memory by its descriptor, mapped once more, and the page that says what lies
/// where (see `LinkGeometry`).
struct HostilePlay {
    private static let ringBytes = 4096
    private static let laneControl = 4096
    private static let responseRing = 8192 + ringBytes
    /// The memory that the play is about.
    private static let played = responseRing + ringBytes

    private var input: UnsafeRawBufferPointer.SubSequence
    private let region: LinkRegion
    private let front: FrontLink
    private let memory: UnsafeMutableRawPointer
    private var conversation = LaneConversation()
    private var claims: [FrameClaim] = []
    private var tail: UInt64 = 0
    private var stream: UInt64 = 1
    /// Whether a head has come for the request that runs: what the front tells its client must be in this order.
    private var hasBegun = false
    private var isOver = false

    init(_ input: UnsafeRawBufferPointer) {
        self.input = input[...]
        let geometry = LinkGeometry(
            lanes: 1,
            requestRingBytes: HostilePlay.ringBytes,
            responseRingBytes: HostilePlay.ringBytes
        )
        guard let region = try? LinkRegion(creating: geometry) else { fatalError("no shared memory") }
        // Behind the thread's rings lie those of an event loop, which this worker has not.
        let loop = LinkGeometry.loopRequestRingBytes + LinkGeometry.loopResponseRingBytes
        precondition(geometry.byteCount == HostilePlay.played + loop, "another layout")
        let memory = mmap(nil, geometry.byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, region.descriptor, 0)
        guard let memory, memory != MAP_FAILED else { fatalError("no mapping") }
        self.region = region
        self.memory = memory
        front = FrontLink(region: region)
        conversation.begin(stream)
    }

    private mutating func byte() -> UInt8 { input.popFirst() ?? 0 }

    private mutating func word() -> UInt64 { (0..<8).reduce(0) { word, _ in word << 8 | UInt64(byte()) } }

    /// Plays all of the input.
    mutating func run() {
        defer { munmap(memory, region.geometry.byteCount) }
        while !input.isEmpty, !isOver {
            switch byte() % 8 {
            case 0: writeFrame(lengthLie: nil)
            case 1: writeFrame(lengthLie: UInt32(truncatingIfNeeded: word()))
            case 2: setTail(tail &+ UInt64(byte()) &* 8)
            case 3: setTail(word())
            case 4: poke()
            case 5: sendRequest()
            case 6: revoke()
            default: read()
            }
        }
        if !isOver { read() }
        revoke()
        _ = front.takeControlNews()
        _ = front.visitNews { precondition($0 == 0 || $0 == LinkGeometry.loopLane) }
        _ = front.sleep()
    }

    // MARK: The worker

    private mutating func writeFrame(lengthLie: UInt32?) {
        let kind = byte()
        let flags = byte()
        let named = byte()
        let bytes = (0..<Int(byte())).map { _ in byte() }
        var frame: [UInt8] = []
        func put(_ number: some FixedWidthInteger) { withUnsafeBytes(of: number.littleEndian) { frame += $0 } }
        put(lengthLie ?? UInt32(bytes.count))
        put(kind)
        put(flags)
        put(UInt16(0))
        put(named < 200 ? stream : UInt64(named))
        frame += bytes
        for (offset, byte) in frame.enumerated() {
            let place = Int(truncatingIfNeeded: (tail &+ UInt64(offset)) % UInt64(HostilePlay.ringBytes))
            memory.storeBytes(of: byte, toByteOffset: HostilePlay.responseRing + place, as: UInt8.self)
        }
        setTail(tail &+ UInt64(FrameHeader.footprint(bytes.count)))
    }

    private mutating func setTail(_ position: UInt64) {
        tail = position
        memory.storeBytes(of: position, toByteOffset: HostilePlay.laneControl + 128, as: UInt64.self)
    }

    private mutating func poke() {
        let offset = (Int(byte()) << 8 | Int(byte())) % (HostilePlay.played - 7)
        memory.storeBytes(of: word(), toByteOffset: offset, as: UInt64.self)
    }

    // MARK: The front

    private mutating func sendRequest() {
        let size = Int(byte()) * 8
        if let claim = front.lanes[0].send(
            .request,
            stream: 1000,
            count: size,
            fill: { $0.initializeMemory(as: UInt8.self, repeating: 1) }
        ) {
            claims.append(claim)
        }
    }

    private mutating func revoke() {
        for claim in claims.reversed() { _ = claim.revoke() }
        claims = []
    }

    private mutating func read() {
        do throws(LinkViolation) {
            while let (header, payload) = try front.lanes[0].peek() {
                precondition(payload.count <= HostilePlay.ringBytes)
                hear(try conversation.accept(header, payload))
                if front.lanes[0].isFollowed(header) {
                    front.lanes[0].hold(header)
                } else {
                    front.lanes[0].consume(header)
                }
                if conversation.isIdle {
                    stream += 1
                    hasBegun = false
                    conversation.begin(stream, isSocket: stream.isMultiple(of: 3))
                }
            }
        } catch {
            isOver = true
        }
    }

    private mutating func hear(_ event: LaneConversation.Event) {
        switch event {
        case .began(let response, isWhole: let isWhole):
            precondition(!hasBegun, "two heads for one request")
            hasBegun = true
            precondition(isWhole == conversation.isIdle)
            encode(Array(response.head), length: isWhole ? response.body.count : Int(exactly: response.bodyBytes))
            _ = response.body.reduce(0) { $0 &+ UInt64($1) }
        case .continued(let bytes):
            precondition(hasBegun && !conversation.isIdle, "a body without a head")
            _ = bytes.reduce(0) { $0 &+ UInt64($1) }
        case .file(let offset, let count):
            precondition(hasBegun && conversation.isIdle)
            precondition(offset >= 0 && count >= 0 && offset + count >= 0)
        case .extended, .markedIdempotent: break
        case .ended(let trailers):
            precondition(hasBegun && conversation.isIdle, "an end without a head")
            encode(trailers: Array(trailers))
        case .aborted(let reason):
            precondition(conversation.isIdle)
            _ = String(decoding: reason.prefix(1024), as: UTF8.self)
        case .log(level: _, text: let text, isOfRequest: _):
            _ = String(decoding: text, as: UTF8.self)
        case .granted:
            precondition(!conversation.isIdle)
        case .opened(let response):
            precondition(!hasBegun && stream.isMultiple(of: 3), "a WebSocket that nobody asked for")
            hasBegun = true
            encode(Array(response.head), length: nil)
        case .message(let bytes, isText: _, continues: _):
            precondition(hasBegun && !conversation.isIdle, "a message without a WebSocket")
            _ = bytes.reduce(0) { $0 &+ UInt64($1) }
        case .closed(let close):
            precondition(hasBegun && close.reason.count <= CloseEnvelope.greatestReason)
        }
    }

    private func encode(trailers: [UInt8]) {
        trailers.withUnsafeBytes { payload in
            let room = ResponseEncoder.maximumTrailerByteCount(payloadByteCount: payload.count)
            let output = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
            defer { output.deallocate() }
            _ = try? ResponseEncoder.encodeTrailers(payload, isForbidden: TrailerEnvelope.forbids, into: output)
        }
    }

    /// As the front does it: from a copy, for memory that the worker can reach changes while it is read.
    private func encode(_ head: [UInt8], length: Int?) {
        head.withUnsafeBytes { payload in
            let room = ResponseEncoder.maximumByteCount(payloadByteCount: payload.count, serverNameByteCount: 5)
            let output = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
            defer { output.deallocate() }
            let context = ResponseContext(
                isHEAD: false,
                minorVersion: 1,
                keepsAlive: true,
                bodyLength: length,
                date: HTTPDate(secondsSince1970: 0),
                serverName: Array("roost".utf8)
            )
            if let head = try? ResponseHead(payload: payload),
                let encoded = try? ResponseEncoder.encode(head: head, context: context, into: output)
            {
                precondition(encoded.byteCount <= room)
            }
        }
    }
}
