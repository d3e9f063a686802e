internal import Glibc

/// What a process finds around it.
enum Surroundings {
    /// The variables of the environment.
    static var environment: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let line = String(cString: text)
            if let mark = line.firstIndex(of: "=") {
                variables[String(line[..<mark])] = String(line[line.index(after: mark)...])
            }
            entry += 1
        }
        return variables
    }

    /// The working directory.
    static var directory: String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    /// Raises the soft limit of open files to the hard one: every connection is a descriptor.
    ///
    /// - Returns: What the soft limit was.
    static func raiseDescriptorLimit() -> UInt64 {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        let soft = UInt64(limit.rlim_cur)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return soft
    }
}
