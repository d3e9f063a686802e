internal import Glibc
internal import Synchronization

/// Ends the process when its end takes too long, or is asked for once more.
///
/// Its thread is there from the start: at the end there may be none to have, under a limit of processes or memory, and
/// the end must not depend on it.
final class Impatience: Sendable {
    private let pipe: (reading: Int32, writing: Int32)
    private let limit = Mutex<Duration>(.seconds(60))
    /// Whether the thread waits at the pipe.
    private let hasThread = Mutex(false)

    init() {
        var ends: [Int32] = [-1, -1]
        // Workers inherit only what is named for them.
        _ = Glibc.pipe(&ends)
        pipe = (ends[0], ends[1])
        guard pipe.reading >= 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let isThere = Thread.startIfPossible { [self] in
            var byte: UInt8 = 0
            while read(pipe.reading, &byte, 1) < 0 {}
            act()
        }
        hasThread.withLock { $0 = isThere }
    }

    /// The end begins, and is to be over in `limit`.
    func begin(within limit: Duration) {
        self.limit.withLock { $0 = limit }
        if hasThread.withLock({ $0 }) {
            var byte: UInt8 = 1
            _ = write(pipe.writing, &byte, 1)
        } else if !Thread.startIfPossible({ [self] in act() }) {
            // Nobody is left to count: the next signal ends the process by itself.
            Signals.letEndsThrough()
        }
    }

    private func act() {
        let began = ContinuousClock.now
        let limit = limit.withLock { $0 }
        while true {
            let left = limit - (ContinuousClock.now - began)
            guard left > .zero else { break }
            // Some senders signal a process and its group at once: that is one wish, not two.
            if Signals.endIsAsked(within: left), ContinuousClock.now - began >= .seconds(1) {
                _exit(ExitStatus.failure)
            }
        }
        Terminal.error("roost: the end took more than \(limit.components.seconds) s; what still ran is cut off")
        _exit(ExitStatus.failure)
    }
}
