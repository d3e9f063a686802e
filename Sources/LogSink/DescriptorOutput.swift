import Glibc

/// The blocking end of the log.
enum DescriptorOutput {
    /// Writes all of `bytes`, waiting for the reader as long as it takes.
    ///
    /// A descriptor that somebody made non-blocking (standard error is shared with whoever started us) is waited for
    /// with `poll(2)`.
    ///
    /// - Returns: how many bytes were written; less than all when the descriptor failed, as when its reader is gone.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(descriptor, base + written, bytes.count - written)
            if count > 0 {
                written += count
                continue
            }
            switch errno {
            case EINTR where count < 0: continue
            case EAGAIN where count < 0:
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard poll(&wanted, 1, -1) >= 0 || errno == EINTR else { return written }
            default: return written
            }
        }
        return written
    }
}
