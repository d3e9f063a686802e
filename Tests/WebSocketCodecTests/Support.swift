import WebSocketCodec

/// A client's frame.
func frame(
    _ opcode: UInt8,
    _ payload: [UInt8] = [],
    fin: Bool = true,
    rsv: UInt8 = 0,
    mask: [UInt8]? = [0x12, 0x34, 0x56, 0x78],
    lengthBytes: Int? = nil
) -> [UInt8] {
    var bytes = [(fin ? 0x80 : 0) | rsv << 4 | opcode]
    let maskBit: UInt8 = mask == nil ? 0 : 0x80
    switch lengthBytes ?? (payload.count < 126 ? 0 : payload.count <= 0xFFFF ? 2 : 8) {
    case 0:
        bytes.append(maskBit | UInt8(payload.count))
    case 2:
        bytes += [maskBit | 126, UInt8(payload.count >> 8 & 0xFF), UInt8(payload.count & 0xFF)]
    default:
        bytes.append(maskBit | 127)
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(payload.count >> shift & 0xFF)) }
    }
    guard let mask else { return bytes + payload }
    return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
}

func text(_ string: String, fin: Bool = true) -> [UInt8] { frame(1, Array(string.utf8), fin: fin) }
func binary(_ bytes: [UInt8], fin: Bool = true) -> [UInt8] { frame(2, bytes, fin: fin) }
func more(_ bytes: [UInt8], fin: Bool = true) -> [UInt8] { frame(0, bytes, fin: fin) }
func ping(_ payload: [UInt8] = []) -> [UInt8] { frame(9, payload) }
func pong(_ payload: [UInt8] = []) -> [UInt8] { frame(10, payload) }
func close(_ code: UInt16, _ reason: [UInt8] = []) -> [UInt8] {
    frame(8, [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
}

/// What was read of a client's bytes.
enum Heard: Equatable {
    case text([UInt8])
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(CloseCode, [UInt8])
    case broken(WebSocketViolation)

    static func text(_ string: String) -> Heard { .text(Array(string.utf8)) }
}

/// Plays a connection whose bytes come in pieces of `piece`, into an output of `room` bytes at a time.
func hear(_ bytes: [UInt8], piece: Int = .max, room: Int = 1 << 16, limit: Int = 0) -> [Heard] {
    var reader = MessageReader(limit: limit)
    var heard: [Heard] = []
    var message: [UInt8] = []
    var inbound: [UInt8] = []
    var rest = bytes[...]
    var output = [UInt8](repeating: 0, count: room)
    repeat {
        inbound += rest.prefix(piece)
        rest = rest.dropFirst(piece)
        reading: while true {
            let step: MessageReader.Step
            do {
                step = try inbound.withUnsafeBytes { input in
                    try output.withUnsafeMutableBytes { try reader.read(input, into: $0) }
                }
            } catch {
                return heard + [.broken((error as? WebSocketViolation) ?? .badCompression)]
            }
            message += output[..<step.produced]
            inbound.removeFirst(step.consumed)
            switch step.event {
            case .needsInput:
                break reading
            case .outputIsFull:
                continue
            case .message:
                heard.append(reader.isText ? .text(message) : .binary(message))
                message = []
            case .ping(let payload):
                heard.append(.ping(payload))
            case .pong(let payload):
                heard.append(.pong(payload))
            case .close(let close):
                heard.append(.close(close.code, close.reason))
            }
        }
    } while !rest.isEmpty
    return heard
}
