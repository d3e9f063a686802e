import CFuzzer

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv

/// What a worker that keeps no rule does to the shared memory, while the front goes on as if nothing were.
_ = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
    var play = HostilePlay(UnsafeRawBufferPointer(start: data, count: size))
    play.run()
    return 0
}
