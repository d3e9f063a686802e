internal import Glibc

/// SIGTERM, SIGINT and SIGHUP, taken by the main thread one after the other.
enum Signals {
    /// Keeps the signals from every thread that is started from now on.
    ///
    /// To be called before any is.
    static func block() {
        var set = expected
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A client that leaves is an error of write(2), not a reason to end.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Waits for the next one.
    static func wait() -> Int32 {
        var set = expected
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number
    }

    /// Waits for the next one that asks for an end.
    ///
    /// - Parameter reload: Called for each SIGHUP before it.
    /// - Returns: The signal.
    static func waitForEnd(reload: () -> Void = {}) -> Int32 {
        while true {
            let number = wait()
            guard number == SIGHUP else { return number }
            reload()
        }
    }

    /// Waits a moment for one that asks for an end; a SIGHUP meanwhile is passed over.
    ///
    /// - Returns: whether one came.
    static func endIsAsked(within time: Duration) -> Bool {
        let milliseconds = time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
        poll(nil, 0, Int32(clamping: min(100, milliseconds + 1)))
        var pending = sigset_t()
        guard sigpending(&pending) == 0 else { return false }
        guard [SIGTERM, SIGINT].contains(where: { sigismember(&pending, $0) == 1 }) else { return false }
        return wait() != SIGHUP
    }

    /// Makes ``wait()`` return.
    static func wake() {
        kill(getpid(), SIGTERM)
    }

    private static var expected: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGHUP)
        return set
    }
}
