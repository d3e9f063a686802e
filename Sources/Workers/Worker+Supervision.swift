internal import Glibc

/// What the front asks of a worker that serves, beside requests.
extension Worker {
    /// SIGRTMAX - 2, on which a worker writes the Python stacks of all its threads to stderr: faulthandler is registered on it.
    public static let stacksSignal: Int32 = __libc_current_sigrtmax() - 2

    /// Asks for `roost.RequestTimeout` to be raised in one thread, if that still runs `stream` when the message is read.
    ///
    /// - Returns: Whether the kernel took the message.
    @discardableResult
    public func interrupt(lane: Int, stream: UInt64) -> Bool {
        control.send(
            FlatJSON.text([
                ("type", .string("interrupt")), ("lane", .integer(lane)),
                ("stream", .integer(Int(truncatingIfNeeded: stream))),
            ])
        )
    }

    /// Whether its main thread has taken every message that it was sent.
    public var readsMessages: Bool { control.isTaken }

    /// Asks for the Python stacks of all threads, which come as lines of its stderr.
    ///
    /// Only to be called when the process catches ``stacksSignal``: it would be ended otherwise.
    public func requestStacks() {
        guard !isAttached else { return }
        Glibc.kill(pid, Self.stacksSignal)
    }
}
