internal import NIOCore
internal import NIOPosix
internal import RequestQueue
internal import Workers

/// What a service manager is told of the front.
public struct FrontReading: Sendable, Equatable {
    /// Workers that take requests.
    public var readyWorkers: Int
    /// How many there are to be.
    public var processes: Int
    /// Requests that wait.
    public var queueDepth: Int
}

// What the process around the front needs of it. Every function may be called from anywhere.
extension FrontServer {
    /// Accepts connections, where ``start(accepts:onFailure:)`` was told not to yet.
    public func accept() {
        loop.execute { [self] in listeners.open() }
    }

    /// The sockets that it listens on; they stay the front's.
    ///
    /// Waits for the loop: not to be called on it.
    public func listeningSockets() -> [ListeningSocket] {
        (try? loop.submit { [self] in listeners.sockets }.wait()) ?? []
    }

    /// What is not finished yet: requests that run or wait, and open WebSocket connections.
    ///
    /// Waits for the loop: not to be called on it.
    public func unfinished() -> (requests: Int, sockets: Int) {
        let found = try? loop.submit { [self] in
            let queue = dispatcher.queue
            return (queue.busyThreads + queue.depth, core.sockets.count)
        }.wait()
        return (found?.0 ?? 0, found?.1 ?? 0)
    }

    /// Calls `body` on the front's loop every `interval`, until it returns false: not at all while that loop is stuck.
    public func observe(
        every interval: Duration,
        _ body: @escaping @Sendable (_ reading: FrontReading) -> Bool
    ) {
        loop.scheduleRepeatedTask(initialDelay: .zero, delay: TimeAmount(interval)) { [self] task in
            let reading = FrontReading(
                readyWorkers: pool.readyCount,
                processes: pool.processes,
                queueDepth: dispatcher.queue.depth
            )
            if !body(reading) { task.cancel() }
        }
    }
}
