import MessageCompression
import WebSocketCodec

/// What a compressed message says whose bytes come in pieces, into an output of `room` bytes at a time; nil when it is a
/// violation.
private func said(_ bytes: [UInt8], isText: Bool, piece: Int, room: Int, limit: Int, by inflater: Inflater) -> [UInt8]?
{
    var inflation = MessageInflation(inflater, isText: isText, limit: limit)
    var message: [UInt8] = []
    var rest = bytes[...]
    var inbound: [UInt8] = []
    while true {
        inbound += rest.prefix(piece)
        rest = rest.dropFirst(piece)
        var event = MessageInflation.Event.needsInput
        do {
            try withExactBytes(inbound) { input in
                try withExactBytes([UInt8](repeating: 0, count: room)) { output in
                    let step = try inflation.read(UnsafeRawBufferPointer(input), isLast: rest.isEmpty, into: output)
                    precondition(step.consumed <= input.count && step.produced <= room, "beyond the memory")
                    message += output[..<step.produced]
                    inbound.removeFirst(step.consumed)
                    event = step.event
                }
            }
        } catch {
            return nil
        }
        precondition(limit == 0 || message.count <= limit, "a message is larger than is allowed")
        switch event {
        case .message:
            precondition(!isText || String(validating: message, as: UTF8.self) != nil, "text that is not UTF-8")
            return message
        case .needsInput:
            precondition(inbound.isEmpty, "it has not taken all")
            precondition(!rest.isEmpty, "it waits for more than there is")
        case .outputIsFull:
            break
        }
    }
}

// The fuzzer has one thread.
nonisolated(unsafe) private let states = CompressionStates()

/// However the bytes are cut, the same is said; and what is compressed here says what it did.
func checkCompression(_ bytes: [UInt8], isText: Bool, piece: Int, room: Int, limit: Int) {
    guard let inflater = states.takeInflater(), let deflater = states.deflater(windowBits: 8 + piece % 8) else {
        return
    }
    defer { states.giveBack(inflater) }
    // No more than a deflate bomb in 4 KiB has.
    let limit = limit == 0 ? 1 << 20 : limit
    let whole = said(bytes, isText: isText, piece: .max, room: 1 << 16, limit: limit, by: inflater)
    precondition(
        said(bytes, isText: isText, piece: piece, room: max(room, limit >> 10), limit: limit, by: inflater) == whole,
        "cutting makes a difference"
    )
    let cut = bytes.count / 2
    let compressed =
        bytes[..<cut].withUnsafeBytes { Array(deflater.deflate($0, endsMessage: false)) }
        + bytes[cut...].withUnsafeBytes { Array(deflater.deflate($0, endsMessage: true)) }
    precondition(
        said(compressed, isText: false, piece: piece, room: room, limit: 0, by: inflater) == bytes,
        "it is not what it was"
    )
}
