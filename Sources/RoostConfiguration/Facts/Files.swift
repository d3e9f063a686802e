internal import Glibc

/// The few things the configuration asks of the file system, as values that a test can replace.
public struct Files: Sendable {
    /// Why a file that exists could not be read.
    public struct ReadError: Error, Sendable, Equatable {
        /// The system's words, such as `Permission denied`.
        public var reason: String

        /// Creates the error.
        public init(reason: String) {
            self.reason = reason
        }
    }

    /// The bytes of a file, or `nil` when there is no such file; throws `ReadError` for every other failure.
    public var contents: @Sendable (_ path: String) throws(ReadError) -> [UInt8]?

    /// Whether a path names a file this process may execute.
    public var isExecutable: @Sendable (_ path: String) -> Bool

    /// Creates an access to files from its two questions.
    public init(
        contents: @escaping @Sendable (_ path: String) throws(ReadError) -> [UInt8]?,
        isExecutable: @escaping @Sendable (_ path: String) -> Bool
    ) {
        self.contents = contents
        self.isExecutable = isExecutable
    }

    /// The real file system.
    ///
    /// A file above 4 MiB is an error: none of the files read here is ever that long.
    public static let system = Files(
        contents: { path throws(ReadError) in try readFile(path) },
        isExecutable: { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
        }
    )

    private static let longestFile = 4 << 20

    private static func readFile(_ path: String) throws(ReadError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR { return nil }
            throw ReadError(reason: String(cString: strerror(code)))
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                throw ReadError(reason: String(cString: strerror(code)))
            }
            bytes += buffer[..<count]
            guard bytes.count <= longestFile else { throw ReadError(reason: "it is longer than 4 MiB") }
        }
    }
}
