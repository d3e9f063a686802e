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

    /// The command line byte for byte, the program's name first.
    ///
    /// From the kernel: Swift looks for it beside the environment, and does not find it where a library that was loaded
    /// first (LD_PRELOAD, as monitoring agents are) has set a variable, which moves that.
    static var argumentBytes: [[UInt8]] {
        let file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return CommandLine.arguments.map { Array($0.utf8) } }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(file, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        // Each ends with a zero byte.
        return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
    }

    /// The command line, the program's name first.
    static var arguments: [String] { argumentBytes.map { String(decoding: $0, as: UTF8.self) } }

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
