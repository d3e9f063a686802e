internal import Glibc

/// Ends this process when it has to end and Python may be unable to: threads outside the interpreter, which need no
/// GIL.
enum FrontWatch {
    /// How long Python has to leave by itself after the front is gone.
    static let patience: UInt32 = 3

    /// Starts a thread that waits for the front to close its end of `socket`, then ends the process.
    static func begin(on socket: Int32) {
        startThread {
            // No event is asked for: the hang-up is reported unasked, and messages are not for this thread.
            var entry = pollfd(fd: socket, events: 0, revents: 0)
            while true {
                let result = poll(&entry, 1, -1)
                if result < 0 && errno == EINTR { continue }
                if result != 0 { break }
            }
            sleep(patience)
            _exit(1)
        }
    }

    /// Ends the process with status 0 after `seconds`, whatever Python's exit handlers do until then.
    static func limitLeaving(to seconds: UInt32) {
        startThread {
            sleep(seconds)
            _exit(0)
        }
    }

    private static func startThread(_ body: @escaping @Sendable () -> Void) {
        // Signals are for Python's main thread: a thread that had them unblocked could take them from it.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        let box = Unmanaged.passRetained(ThreadBody(run: body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread,
            nil,
            { raw in
                guard let raw else { return nil }
                Unmanaged<ThreadBody>.fromOpaque(raw).takeRetainedValue().run()
                return nil
            },
            box.toOpaque()
        )
        if failure == 0 { pthread_detach(thread) } else { box.release() }
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }

    private final class ThreadBody: Sendable {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
