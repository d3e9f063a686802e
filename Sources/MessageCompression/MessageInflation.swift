public import WebSocketCodec

/// One compressed message of a client on its way to what it says (RFC 7692 section 7.2.2), in pieces on both sides.
///
/// It can stop wherever the output ends, and never makes more than the largest message may have: of a bomb it sees only the
/// beginning. Confined to one event loop.
public struct MessageInflation {
    /// What a step ended with.
    public enum Event: Sendable, Equatable {
        /// All that came is used up.
        case needsInput
        /// The output is full, and there may be more.
        case outputIsFull
        /// The message is complete: its last bytes are those that were produced.
        case message
    }

    /// What came of a call.
    public struct Step: Sendable, Equatable {
        /// Bytes of the input that were used up.
        public var consumed: Int
        /// Bytes of the message that were written to the output.
        public var produced: Int
        /// Why it ended there.
        public var event: Event
    }

    /// What a sender leaves away at the end of each message.
    private static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]

    /// To be given back when the message has ended, or nobody wants it.
    public let inflater: Inflater
    /// Bytes that may still come.
    private var remaining: Int
    private let isText: Bool
    private var text = UTF8Validator()
    private var restOfTail = Self.tail[...]

    /// Creates the state before a message's first byte.
    ///
    /// - Parameters:
    ///   - inflater: One that nobody else uses meanwhile.
    ///   - isText: Whether it has to be UTF-8.
    ///   - limit: The most bytes of what it says; 0 for no limit.
    public init(_ inflater: Inflater, isText: Bool, limit: Int) {
        inflater.reset()
        self.inflater = inflater
        self.isText = isText
        remaining = limit > 0 ? limit : .max
    }

    /// Goes on until the input is used up, the output is full, or the message has ended.
    ///
    /// - Parameters:
    ///   - input: The next bytes of the message as it travels, without frames and masks.
    ///   - isLast: Whether the message ends with them.
    ///   - output: Where to write what it says, at least a byte.
    /// - Returns: What came of it.
    /// - Throws: ``WebSocketViolation/badCompression``, ``WebSocketViolation/tooLarge`` or ``WebSocketViolation/badText``.
    ///   It is not to be asked again then.
    public mutating func read(
        _ input: UnsafeRawBufferPointer,
        isLast: Bool,
        into output: UnsafeMutableRawBufferPointer
    ) throws(WebSocketViolation) -> Step {
        // One byte more than there may be shows that there are too many.
        let room = UnsafeMutableRawBufferPointer(
            rebasing: output[..<(remaining < output.count ? remaining + 1 : output.count)]
        )
        var step = Step(consumed: 0, produced: 0, event: .needsInput)
        try advance(input, room, &step)
        if step.event == .needsInput, isLast { try finish(room, &step) }
        guard step.produced <= remaining else { throw .tooLarge }
        remaining -= step.produced
        if isText {
            guard text.accepts(UnsafeRawBufferPointer(rebasing: room[..<step.produced])) else { throw .badText }
            if step.event == .message, !text.isComplete { throw .badText }
        }
        return step
    }

    private mutating func advance(
        _ input: UnsafeRawBufferPointer,
        _ room: UnsafeMutableRawBufferPointer,
        _ step: inout Step
    ) throws(WebSocketViolation) {
        let (consumed, produced) = try inflate(input[step.consumed...], room[step.produced...])
        step.consumed += consumed
        step.produced += produced
        if step.produced == room.count, step.consumed < input.count || inflater.isHeldUp { step.event = .outputIsFull }
    }

    /// The message has come to its end.
    ///
    /// One that ends between two blocks is whole as it is: it is empty, or its sender has not left the tail away, or has said
    /// that its last block is the last. Any other needs the tail, and has been cut if it isn't whole with it.
    private mutating func finish(
        _ room: UnsafeMutableRawBufferPointer,
        _ step: inout Step
    ) throws(WebSocketViolation) {
        if !inflater.isBetweenBlocks || restOfTail.count < Self.tail.count {
            let rest = restOfTail
            let (consumed, produced) = try rest.withUnsafeBufferPointer { bytes throws(WebSocketViolation) in
                try inflate(UnsafeRawBufferPointer(bytes)[...], room[step.produced...])
            }
            restOfTail = rest.dropFirst(consumed)
            step.produced += produced
            if step.produced == room.count, !restOfTail.isEmpty || inflater.isHeldUp {
                step.event = .outputIsFull
                return
            }
            guard restOfTail.isEmpty, inflater.isBetweenBlocks else { throw .badCompression }
        }
        step.event = .message
    }

    private func inflate(
        _ input: Slice<UnsafeRawBufferPointer>,
        _ room: Slice<UnsafeMutableRawBufferPointer>
    ) throws(WebSocketViolation) -> (consumed: Int, produced: Int) {
        do throws(Inflater.Damage) {
            return try inflater.inflate(
                UnsafeRawBufferPointer(rebasing: input),
                into: UnsafeMutableRawBufferPointer(rebasing: room)
            )
        } catch {
            throw .badCompression
        }
    }
}

@available(*, unavailable)
extension MessageInflation: Sendable {}
