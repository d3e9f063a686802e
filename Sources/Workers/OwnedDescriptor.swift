internal import CRoostSystem
internal import Glibc

/// A file descriptor with one owner, closed with it.
struct OwnedDescriptor: ~Copyable {
    let raw: Int32

    /// Takes `raw` over.
    init(_ raw: Int32) {
        self.raw = raw
    }

    deinit { close(raw) }

    /// Gives the descriptor to somebody who closes it.
    consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }
}

extension OwnedDescriptor {
    /// Two ends of a socket that keeps messages apart, both closed on exec.
    ///
    /// - Throws: ``StartupFailure`` when there are no descriptors left.
    static func makeSocketPair() throws(StartupFailure) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw StartupFailure(call: "socketpair", code: errno) }
        return (ends[0], ends[1])
    }

    /// The reading and the writing end of a pipe, both closed on exec.
    ///
    /// - Throws: ``StartupFailure`` when there are no descriptors left.
    static func makePipe() throws(StartupFailure) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw StartupFailure(call: "pipe", code: errno) }
        // Not in one call, as pipe2(2) would do it; a worker that is started in between closes everything by itself.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// A descriptor that becomes readable when process `pid` ends.
    ///
    /// - Throws: ``StartupFailure`` when the kernel has none to give, or there is no such process.
    static func makeProcessDescriptor(_ pid: Int32) throws(StartupFailure) -> Int32 {
        let descriptor = roost_pidfd_open(pid)
        guard descriptor >= 0 else { throw StartupFailure(call: "pidfd_open", code: errno) }
        return descriptor
    }
}

extension StartupFailure {
    /// Creates the failure of a system call that was needed to start a worker.
    init(call: String, code: Int32) {
        self.init(
            .notSpawned,
            title: "a worker could not be started",
            reason: "\(call) failed: \(String(cString: strerror(code)))",
            hint: code == EMFILE || code == ENFILE ? "a higher limit of open files (ulimit -n)" : nil
        )
    }
}
