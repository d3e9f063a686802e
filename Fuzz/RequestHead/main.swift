import CFuzzer

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv

/// What clients and proxies send. The first byte chooses what the rest is.
_ = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
    guard let data, size > 3 else { return 0 }
    let input = UnsafeRawBufferPointer(start: data, count: size)
    let bytes = Array(input.dropFirst(3))
    switch input[0] % 4 {
    case 0: checkRequest(bytes, cuts: [Int(input[1]), Int(input[1]) + Int(input[2])])
    case 1: checkProxyHeader(bytes, cut: Int(input[1]))
    case 2: checkResponseHead(bytes, flags: input[1], length: Int(input[2]))
    default: checkTexts(bytes)
    }
    return 0
}
