internal import Glibc
internal import NIOCore

/// The one thread that waits for processes to end, all of them at once, through their pidfds.
///
/// It only notices; the process is reaped on the event loop. Until then its pid cannot be given to another process, so
/// a signal sent from the loop never hits a stranger. Nobody waits for "any child": the children of others are theirs.
///
/// Why a thread: NIO can wait only for what it can read, and a pidfd cannot be read.
final class ProcessWatcher: Sendable {
    /// The writing end of the pipe on which the thread gets its orders.
    private let orders: Int32
    private let eventLoop: any EventLoop
    private let onEnd: @Sendable (_ token: UInt64) -> Void

    /// What the thread is asked for.
    ///
    /// Smaller than PIPE_BUF, so it arrives whole (pipe(7)).
    private struct Order {
        /// The pidfd to watch, which becomes the thread's; -1 to end.
        var processDescriptor: Int32
        var token: UInt64
    }

    /// Creates the watcher and starts its thread, which lives until ``stop()``.
    ///
    /// - Parameters:
    ///   - eventLoop: Where ends are reported.
    ///   - onEnd: Called on `eventLoop`, once for each process that ended.
    /// - Throws: ``StartupFailure`` when there are no descriptors or threads left.
    init(eventLoop: any EventLoop, onEnd: @escaping @Sendable (_ token: UInt64) -> Void) throws(StartupFailure) {
        let (reading, writing) = try OwnedDescriptor.makePipe()
        orders = writing
        self.eventLoop = eventLoop
        self.onEnd = onEnd
        let work = Unmanaged.passRetained(Work(orders: reading, eventLoop: eventLoop, onEnd: onEnd))
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { work in
                if let work { Unmanaged<Work>.fromOpaque(work).takeRetainedValue().run() }
                return nil
            },
            work.toOpaque()
        )
        guard result == 0 else {
            work.release()
            throw StartupFailure(call: "pthread_create", code: result)
        }
        pthread_detach(thread)
    }

    deinit { close(orders) }

    /// Reports the end of the process of `processDescriptor` once, as `token`.
    ///
    /// The descriptor stays the caller's.
    ///
    /// - Returns: Whether it is watched: not when there are no descriptors left.
    func watch(_ processDescriptor: Int32, token: UInt64) -> Bool {
        let copy = fcntl(processDescriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return false }
        guard send(Order(processDescriptor: copy, token: token)) else {
            close(copy)
            return false
        }
        return true
    }

    /// Ends the thread.
    ///
    /// Nothing is reported afterwards but what was noticed already.
    func stop() {
        _ = send(Order(processDescriptor: -1, token: 0))
    }

    private func send(_ order: Order) -> Bool {
        withUnsafeBytes(of: order) { bytes in
            write(orders, bytes.baseAddress, bytes.count) == bytes.count
        }
    }

    /// What the thread has.
    ///
    /// Confined to it.
    private final class Work {
        private let orders: Int32
        private let eventLoop: any EventLoop
        private let onEnd: @Sendable (UInt64) -> Void
        private var watched: [Order] = []

        init(orders: Int32, eventLoop: any EventLoop, onEnd: @escaping @Sendable (UInt64) -> Void) {
            self.orders = orders
            self.eventLoop = eventLoop
            self.onEnd = onEnd
        }

        deinit {
            close(orders)
            for order in watched { close(order.processDescriptor) }
        }

        func run() {
            // Signals are for the threads that expect them.
            var all = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_BLOCK, &all, nil)
            while true {
                var polled = ([orders] + watched.map(\.processDescriptor)).map {
                    pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
                }
                guard poll(&polled, nfds_t(polled.count), -1) >= 0 else {
                    // No memory, perhaps. A watcher that gave up would leave deaths unseen for ever.
                    if errno != EINTR { usleep(10_000) }
                    continue
                }
                // From the back, so that removing one does not move those still to be looked at.
                for index in watched.indices.reversed() where polled[index + 1].revents != 0 {
                    let ended = watched.remove(at: index)
                    close(ended.processDescriptor)
                    eventLoop.execute { [onEnd] in onEnd(ended.token) }
                }
                if polled[0].revents != 0, !takeOrder() { return }
            }
        }

        /// False when the thread is to end.
        private func takeOrder() -> Bool {
            var order = Order(processDescriptor: -1, token: 0)
            let size = MemoryLayout<Order>.size
            guard read(orders, &order, size) == size, order.processDescriptor >= 0 else { return false }
            watched.append(order)
            return true
        }
    }
}
