/// A strict, incremental reader of what a client sends on a WebSocket (RFC 6455 section 5).
///
/// It keeps no bytes: of a message it writes what has come, unmasked and checked, into memory of its caller; a control
/// frame is read when it is there whole. What is left of the input is to be given again with more behind it: at most
/// ``greatestRest`` bytes, unless the output was full.
///
/// Confined to its connection's event loop.
public struct MessageReader: Sendable {
    /// What a step ended with.
    public enum Event: Sendable, Equatable {
        /// Nothing more can be read from this input.
        case needsInput
        /// The output is full, and the message goes on.
        case outputIsFull
        /// A message is complete: its last bytes are those that were produced.
        case message
        /// The client wants a pong.
        case ping([UInt8])
        /// The client has answered a ping.
        case pong([UInt8])
        /// The client has closed. Nothing that follows is read.
        case close(CloseMessage)
    }

    /// What came of a call.
    public struct Step: Sendable, Equatable {
        /// Bytes of the input that were used up.
        public var consumed: Int
        /// Bytes of the message under way that were written to the output.
        public var produced: Int
        /// Why it ended there.
        public var event: Event
    }

    /// The most bytes of input that are not used up: a control frame that is not whole.
    public static let greatestRest = 6 + 125 - 1

    private let limit: Int
    private let allowsCompression: Bool
    private var violation: WebSocketViolation?
    private var isClosed = false

    // The message under way.
    /// Whether a message has begun and has not ended.
    public private(set) var isWithinMessage = false
    private var messageBytes = 0
    private var text = UTF8Validator()
    /// Whether the message under way, or the one that has just ended, is text.
    public private(set) var isText = false
    /// Whether it is compressed, see RFC 7692.
    ///
    /// Then its bytes are as they came: the caller decompresses and checks them.
    public private(set) var isCompressed = false

    // The data frame under way.
    /// Bytes of it that are still to come: as many of the input are payload, and nothing else.
    public private(set) var remaining = 0
    private var isFinal = false
    private var isWithinFrame = false
    private var mask = MaskingKey(0)

    /// Creates a reader before the first frame.
    ///
    /// - Parameters:
    ///   - limit: The most bytes of a message that is not compressed; 0 for no limit. How many a compressed one has says
    ///     nothing: whoever decompresses it counts.
    ///   - allowsCompression: Whether RFC 7692 was agreed on.
    public init(limit: Int, allowsCompression: Bool = false) {
        self.limit = limit > 0 ? limit : .max
        self.allowsCompression = allowsCompression
    }

    /// Reads on until something has happened.
    ///
    /// - Parameters:
    ///   - input: The connection's next bytes.
    ///   - output: Where the message under way goes on.
    /// - Returns: What came of it.
    /// - Throws: The client's violation, at this call and all that follow.
    public mutating func read(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(WebSocketViolation) -> Step {
        if let violation { throw violation }
        do throws(WebSocketViolation) {
            return try advance(input, output)
        } catch {
            violation = error
            throw error
        }
    }

    private mutating func advance(
        _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) throws(WebSocketViolation) -> Step {
        var step = Step(consumed: 0, produced: 0, event: .needsInput)
        while !isClosed {
            if isWithinFrame {
                try readPayload(input, output, &step)
                if remaining > 0 {
                    if step.consumed < input.count { step.event = .outputIsFull }
                    return step
                }
                isWithinFrame = false
                guard isFinal else { continue }
                isWithinMessage = false
                guard text.isComplete || !isText || isCompressed else { throw .badText }
                step.event = .message
                return step
            }
            let rest = UnsafeRawBufferPointer(rebasing: input[step.consumed...])
            guard let head = try FrameHead.parse(rest, allowsCompression: allowsCompression) else { return step }
            if head.opcode.isControl {
                guard rest.count >= head.byteCount + head.count else { return step }
                step.consumed += head.byteCount + head.count
                let payload = UnsafeRawBufferPointer(rebasing: rest[head.byteCount...].prefix(head.count))
                step.event = try control(head, payload)
                return step
            }
            try begin(head)
            step.consumed += head.byteCount
        }
        // What follows a close frame means nothing (RFC 6455 section 5.5.1).
        step.consumed = input.count
        return step
    }

    private mutating func begin(_ head: FrameHead) throws(WebSocketViolation) {
        if head.opcode == .continuation {
            guard isWithinMessage else { throw .strayContinuation }
        } else {
            guard !isWithinMessage else { throw .interruptedMessage }
            isWithinMessage = true
            isText = head.opcode == .text
            isCompressed = head.isCompressed
            messageBytes = 0
            text = UTF8Validator()
        }
        // Found before any of it is read: nobody has to send it all to hear this.
        guard head.count <= (isCompressed ? .max : limit) - messageBytes else { throw .tooLarge }
        messageBytes += head.count
        remaining = head.count
        isFinal = head.isFinal
        mask = head.mask
        isWithinFrame = true
    }

    private mutating func readPayload(
        _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer,
        _ step: inout Step
    ) throws(WebSocketViolation) {
        let count = min(remaining, input.count - step.consumed, output.count - step.produced)
        guard count > 0, let source = input.baseAddress, let target = output.baseAddress else { return }
        let place = target + step.produced
        mask.apply(from: source + step.consumed, to: place, count: count)
        if isText, !isCompressed, !text.accepts(UnsafeRawBufferPointer(start: place, count: count)) { throw .badText }
        step.consumed += count
        step.produced += count
        remaining -= count
    }

    private mutating func control(
        _ head: FrameHead,
        _ payload: UnsafeRawBufferPointer
    ) throws(WebSocketViolation) -> Event {
        var mask = head.mask
        let bytes = [UInt8](unsafeUninitializedCapacity: payload.count) { room, count in
            if let source = payload.baseAddress, let target = room.baseAddress {
                mask.apply(from: source, to: target, count: payload.count)
            }
            count = payload.count
        }
        switch head.opcode {
        case .ping: return .ping(bytes)
        case .pong: return .pong(bytes)
        case .close:
            let message = try CloseMessage(payload: bytes)
            isClosed = true
            return .close(message)
        case .continuation, .text, .binary:
            // Never asked; and if it were, a client's bytes end a WebSocket, not the server.
            throw .reservedOpcode
        }
    }
}
