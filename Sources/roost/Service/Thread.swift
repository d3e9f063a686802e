internal import Glibc

/// Threads for what waits.
enum Thread {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a thread of its own, or here when there can't be one.
    static func start(_ body: @escaping @Sendable () -> Void) {
        if !startIfPossible(body) { body() }
    }

    /// Runs `body` on a thread of its own.
    ///
    /// - Returns: whether there is one; `body` does not run otherwise.
    @discardableResult
    static func startIfPossible(_ body: @escaping @Sendable () -> Void) -> Bool {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let result = pthread_create(
            &thread,
            nil,
            { work in
                if let work { Unmanaged<Work>.fromOpaque(work).takeRetainedValue().body() }
                return nil
            },
            work.toOpaque()
        )
        if result == 0 { pthread_detach(thread) } else { work.release() }
        return result == 0
    }
}
