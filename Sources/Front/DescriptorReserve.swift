internal import Glibc

/// The descriptors that connections leave to the workers, spool files and commands.
struct DescriptorReserve {
    /// The number from which on descriptors belong to the reserve.
    private let first: Int32

    /// Creates a reserve of 64 descriptors, or an eighth of a small limit.
    init() {
        var limit = rlimit()
        let known = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        let most = known ? Int32(clamping: limit.rlim_cur) : 1024
        first = most - min(64, most / 8)
    }

    /// Whether only the reserve is left.
    ///
    /// The kernel gives the lowest number that is free: what it gives now tells how many are taken. Two system calls.
    var isTouched: Bool {
        let descriptor = fcntl(0, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { return errno == EMFILE || errno == ENFILE }
        Glibc.close(descriptor)
        return descriptor >= first
    }
}
