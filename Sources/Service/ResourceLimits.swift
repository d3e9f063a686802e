internal import Glibc

/// The limits of this process (`getrlimit(2)`) under which no server can run, found before one half runs.
///
/// A process that gets no thread or no memory fails in the middle of things, each part in its own words or in none. So
/// what is certain to be too little is said at the start, by the name under which it can be raised.
public struct ResourceLimits: Sendable, Equatable {
    /// The most bytes of address space; nil for no limit.
    public var addressSpace: UInt64?
    /// The most bytes of data; nil for no limit.
    public var data: UInt64?
    /// The most open files; nil for no limit.
    public var descriptors: UInt64?
    /// The largest file that may be written; nil for no limit.
    public var fileSize: UInt64?

    /// Creates limits; none where nothing is given.
    public init(
        addressSpace: UInt64? = nil,
        data: UInt64? = nil,
        descriptors: UInt64? = nil,
        fileSize: UInt64? = nil
    ) {
        (self.addressSpace, self.data, self.descriptors, self.fileSize) = (addressSpace, data, descriptors, fileSize)
    }

    /// The limits of this process.
    public static var current: ResourceLimits {
        ResourceLimits(
            addressSpace: soft(RLIMIT_AS),
            data: soft(RLIMIT_DATA),
            descriptors: soft(RLIMIT_NOFILE),
            fileSize: soft(RLIMIT_FSIZE)
        )
    }

    /// The least address space: what the front and a worker reserve each, which is many times what they use.
    public static let leastAddressSpace: UInt64 = 768 << 20
    /// The least memory for data: what the front needs for itself, and a worker for an interpreter.
    public static let leastData: UInt64 = 128 << 20
    /// The least open files: those of an idle server with one worker, and some for connections.
    public static let leastDescriptors: UInt64 = 64
    /// The least size of a file: that of the memory which the front shares with a worker is checked by it.
    public static let leastFileSize: UInt64 = 64 << 20

    /// Why no server can run under these limits; nil when nothing speaks against it.
    public var objection: ServiceError? {
        let mebibytes = { (bytes: UInt64) in "\(bytes >> 20) MiB" }
        if let addressSpace, addressSpace < Self.leastAddressSpace {
            return Self.tooLow(
                "address space: \(mebibytes(addressSpace)), at least \(mebibytes(Self.leastAddressSpace))",
                "ulimit -v unlimited, or LimitAS=; memory is bounded by a control group (MemoryMax=), not by this"
            )
        }
        if let data, data < Self.leastData {
            return Self.tooLow(
                "memory for data: \(mebibytes(data)), at least \(mebibytes(Self.leastData))",
                "ulimit -d unlimited, or LimitDATA="
            )
        }
        if let descriptors, descriptors < Self.leastDescriptors {
            return Self.tooLow(
                "open files: \(descriptors), at least \(Self.leastDescriptors)",
                "ulimit -n 1024 or more, or LimitNOFILE="
            )
        }
        if let fileSize, fileSize < Self.leastFileSize {
            return Self.tooLow(
                "size of files: \(mebibytes(fileSize)), at least \(mebibytes(Self.leastFileSize))",
                "ulimit -f unlimited, or LimitFSIZE="
            )
        }
        return nil
    }

    /// Looks whether this process may run, and have the threads that it needs.
    ///
    /// - Throws: ``ServiceError`` that names the limit.
    public func check() throws(ServiceError) {
        if let objection { throw objection }
        let wanted = 12
        let (made, code) = ThreadProbe.threads(wanted)
        guard made < wanted else { return }
        throw Self.tooLow(
            "processes and threads: \(made) more could be started, \(wanted) are needed "
                + "(\(String(cString: strerror(code))))",
            "ulimit -u of this user, pids.max of its control group (TasksMax=, --pids-limit), or ulimit -v"
        )
    }

    private static func tooLow(_ reason: String, _ remedy: String) -> ServiceError {
        ServiceError("a limit of this process is too low to serve", reason: reason, remedy: remedy)
    }

    private static func soft(_ resource: __rlimit_resource) -> UInt64? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur == rlim_t.max ? nil : UInt64(limit.rlim_cur)
    }
}

/// Finds out how many threads there can be, by starting them.
enum ThreadProbe {
    /// Starts up to `count` threads that wait for each other, and has them end.
    ///
    /// - Returns: how many there were at once, and the errno of the one that was not.
    static func threads(_ count: Int) -> (made: Int, code: Int32) {
        let gate = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        pthread_mutex_init(gate, nil)
        pthread_mutex_lock(gate)
        defer {
            pthread_mutex_destroy(gate)
            gate.deallocate()
        }
        var threads: [pthread_t] = []
        var code: Int32 = 0
        while threads.count < count, code == 0 {
            var thread = pthread_t()
            code = pthread_create(
                &thread,
                nil,
                { gate in
                    if let gate = gate?.assumingMemoryBound(to: pthread_mutex_t.self) {
                        pthread_mutex_lock(gate)
                        pthread_mutex_unlock(gate)
                    }
                    return nil
                },
                gate
            )
            if code == 0 { threads.append(thread) }
        }
        pthread_mutex_unlock(gate)
        for thread in threads { pthread_join(thread, nil) }
        return (threads.count, code)
    }
}
