internal import RequestQueue

/// How far what was written to a client has come: whether it takes anything, and whether it can know of a ping.
///
/// Progress is what its kernel has acknowledged: the buffers of a slow client's connection can hold minutes of data, during
/// which no write of ours moves, and no ping reaches it.
struct WriteProgress: Sendable {
    /// Bytes that had been acknowledged before the first of `written`.
    private let base: UInt64
    /// Bytes written since then.
    private(set) var written: UInt64 = 0
    /// Bytes that have to be acknowledged for the last ping to have arrived.
    private var ping: UInt64 = 0
    /// What was acknowledged at the last look, and when that was more than before; nil while nothing is outstanding.
    private var last: (bytes: UInt64, at: Instant)?
    /// Whether the last ping has arrived, as far as the last look has shown.
    private(set) var isPingDelivered = true

    /// Creates it before the first byte.
    ///
    /// - Parameter base: What the kernel says to have been acknowledged on the connection.
    init(base: UInt64 = 0) {
        self.base = base
    }

    /// So many bytes were written.
    mutating func wrote(_ count: Int) {
        written += UInt64(max(count, 0))
    }

    /// All that was written so far ends with a ping.
    mutating func pinged() {
        ping = base + written
        isPingDelivered = false
    }

    /// Looks at what is acknowledged.
    ///
    /// - Returns: Whether the client has taken nothing of what waits for it for longer than `limit`.
    mutating func look(acknowledged: UInt64, limit: Nanoseconds, at now: Instant) -> Bool {
        isPingDelivered = acknowledged >= ping
        guard acknowledged < base + written else {
            last = nil
            return false
        }
        guard let last, last.bytes == acknowledged else {
            last = (acknowledged, now)
            return false
        }
        return now.since(last.at) > limit
    }
}
