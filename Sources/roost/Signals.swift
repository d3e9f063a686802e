internal import Glibc
internal import Service
internal import Synchronization

/// The signals to the front, taken by the main thread one after the other.
enum Signals {
    /// What the process was started with, as far as SIGHUP depends on it.
    private struct Start {
        var hadTerminal = false
        var outlivesTerminal = false
    }

    private static let start = Mutex(Start())

    /// The code in `siginfo_t` of a signal that the kernel sent for a reason of its own (SI_KERNEL).
    private static let sentByKernel: Int32 = 0x80

    /// Keeps the signals from every thread that is started from now on.
    ///
    /// To be called before any is.
    static func block() {
        var before = sigaction()
        sigaction(SIGHUP, nil, &before)
        let isIgnored = unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self) == 1
        start.withLock { $0 = Start(hadTerminal: hasTerminal, outlivesTerminal: isIgnored) }
        var set = expected
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A client that leaves, and a file that may not grow, are errors of write(2), not reasons to end.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }

    /// Waits for the next one.
    private static func wait() -> (number: Int32, meaning: SignalMeaning) {
        var set = expected
        var information = siginfo_t()
        var number: Int32 = -1
        while number <= 0 { number = sigwaitinfo(&set, &information) }
        let start = start.withLock { $0 }
        let isLost = start.hadTerminal && (information.si_code == sentByKernel || !hasTerminal)
        return (
            number, SignalMeaning(number, hasLostTerminal: isLost, outlivesTerminal: start.outlivesTerminal)
        )
    }

    /// Waits for the next one that asks for an end.
    ///
    /// - Parameter other: Called for each other signal before it.
    /// - Returns: The signal.
    static func waitForEnd(other: (Int32, SignalMeaning) -> Void = { _, _ in }) -> Int32 {
        while true {
            let (number, meaning) = wait()
            guard meaning != .end else { return number }
            other(number, meaning)
        }
    }

    /// Waits a moment for one that asks for an end; what else comes meanwhile stays pending.
    ///
    /// - Returns: whether one came.
    static func endIsAsked(within time: Duration) -> Bool {
        let milliseconds = time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
        poll(nil, 0, Int32(clamping: min(100, milliseconds + 1)))
        var pending = sigset_t()
        guard sigpending(&pending) == 0, ends.contains(where: { sigismember(&pending, $0) == 1 }) else { return false }
        var set = signals(of: ends)
        var taken: Int32 = 0
        return sigwait(&set, &taken) == 0
    }

    /// Has the next signal that asks for an end do what it does by default.
    ///
    /// For the main thread, when no other can wait for one.
    static func letEndsThrough() {
        var set = signals(of: ends)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    private static let ends = [SIGTERM, SIGINT, SIGQUIT]

    /// Makes ``waitForEnd(other:)`` return.
    static func wake() {
        kill(getpid(), SIGTERM)
    }

    /// Whether the process has a controlling terminal.
    private static var hasTerminal: Bool {
        let descriptor = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    private static var expected: sigset_t { signals(of: SignalMeaning.expected) }

    private static func signals(of numbers: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }
}
