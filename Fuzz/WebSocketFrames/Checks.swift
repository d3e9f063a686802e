import WebSocketCodec

/// What was heard of a client.
private enum Heard: Equatable {
    case message([UInt8], isText: Bool)
    case ping([UInt8])
    case pong([UInt8])
    case close(CloseMessage)
    case broken(WebSocketViolation)
}

/// Calls `body` with memory that ends where the bytes do, so that a read beyond them is seen.
func withExactBytes<Result>(
    _ bytes: some Collection<UInt8>,
    _ body: (UnsafeMutableRawBufferPointer) throws -> Result
) rethrows -> Result {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    return try body(memory)
}

/// Plays a connection whose bytes come in pieces, into an output of `room` bytes at a time.
private func heard(_ bytes: [UInt8], piece: Int, room: Int, limit: Int) -> [Heard] {
    var reader = MessageReader(limit: limit)
    var heard: [Heard] = []
    var message: [UInt8] = []
    var inbound: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        inbound += rest.prefix(piece)
        rest = rest.dropFirst(piece)
        reading: while true {
            var event = MessageReader.Event.needsInput
            do {
                try withExactBytes(inbound) { input in
                    try withExactBytes([UInt8](repeating: 0, count: room)) { output in
                        let step = try reader.read(UnsafeRawBufferPointer(input), into: output)
                        precondition(step.consumed <= input.count && step.produced <= room, "beyond the memory")
                        message += output[..<step.produced]
                        inbound.removeFirst(step.consumed)
                        event = step.event
                    }
                }
            } catch {
                return heard + [.broken((error as? WebSocketViolation) ?? .badCompression)]
            }
            precondition(limit == 0 || message.count <= limit, "a message is larger than is allowed")
            switch event {
            case .needsInput:
                precondition(inbound.count <= MessageReader.greatestRest, "too much is left over")
                break reading
            case .outputIsFull:
                continue
            case .message:
                let isText = reader.isText
                precondition(!isText || String(validating: message, as: UTF8.self) != nil, "text that is not UTF-8")
                heard.append(.message(message, isText: isText))
                message = []
            case .ping(let payload):
                heard.append(.ping(payload))
            case .pong(let payload):
                heard.append(.pong(payload))
            case .close(let close):
                precondition(close.code == .noneReceived || close.code.maySend, "a code that may not be sent")
                heard.append(.close(close))
            }
        }
    }
    return heard
}

/// However the bytes are cut, the same is heard.
func checkFrames(_ bytes: [UInt8], piece: Int, room: Int, limit: Int) {
    let whole = heard(bytes, piece: .max, room: 1 << 16, limit: limit)
    precondition(heard(bytes, piece: piece, room: room, limit: limit) == whole, "cutting makes a difference")
}

/// The validator and Swift agree.
func checkText(_ bytes: [UInt8], cut: Int) {
    var validator = UTF8Validator()
    let cut = min(cut, bytes.count)
    let isText =
        withExactBytes(bytes[..<cut]) { validator.accepts(UnsafeRawBufferPointer($0)) }
        && withExactBytes(bytes[cut...]) { validator.accepts(UnsafeRawBufferPointer($0)) } && validator.isComplete
    precondition(isText == (String(validating: bytes, as: UTF8.self) != nil), "the validator is wrong")
}
