internal import Glibc

/// SIGTERM and SIGINT, taken by the main thread one after the other.
enum Signals {
    /// Keeps the signals from every thread that is started from now on.
    ///
    /// To be called before any is.
    static func block() {
        var set = stopping
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A client that leaves is an error of write(2), not a reason to end.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Waits for the next one.
    static func wait() -> Int32 {
        var set = stopping
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number
    }

    /// Makes ``wait()`` return.
    static func wake() {
        kill(getpid(), SIGTERM)
    }

    private static var stopping: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        return set
    }
}
