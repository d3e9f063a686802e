import CFuzzer

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv

/// What clients send on a WebSocket. The first byte chooses the limit and the kind, the next two where the bytes are cut.
_ = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
    guard let data, size > 3 else { return 0 }
    let input = UnsafeRawBufferPointer(start: data, count: size)
    let bytes = Array(input.dropFirst(3))
    let limit = [0, 1, 100, 1 << 16][Int(input[0] % 4)]
    checkFrames(bytes, piece: Int(input[1]) + 1, room: Int(input[2]) + 1, limit: limit)
    checkText(bytes, cut: Int(input[1]))
    let isText = input[0] & 4 != 0
    checkCompression(bytes, isText: isText, piece: Int(input[1]) + 1, room: Int(input[2]) + 1, limit: limit)
    return 0
}
