internal import Glibc

/// The file that says which process is the server.
///
/// Claimed at the start, so that what is wrong is said before anything else is done; written, in one step, when the
/// server accepts; removed at the end, unless another server has written its own.
public final class PidFile: Sendable {
    private enum Place: Sendable {
        /// A file beside the place, which is renamed into it.
        case beside(String)
        /// The place itself: this user may write the file and not its directory.
        case inPlace(descriptor: Int32)
    }

    /// The path.
    public let path: String
    private let pid: Int32
    private let place: Place

    /// Looks whether the place is free, and writes the file beside it.
    ///
    /// - Parameters:
    ///   - path: absolute.
    ///   - predecessor: a process that may hold the file: the one this one replaces.
    ///   - owner: who will have to write and remove it, when this process is about to become another user.
    /// - Throws: ``ServiceError`` when another server lives, or the disk does not take the file.
    public init(path: String, predecessor: Int32? = nil, owner: UserIdentity? = nil) throws(ServiceError) {
        self.path = path
        pid = getpid()
        if let other = Self.holder(of: path), other != pid, other != predecessor, Self.isAlive(other) {
            throw ServiceError(
                "the pid file belongs to a running process",
                reason: "'\(path)' names process \(other), which lives",
                remedy: "another --pid-file, or that server's end; remove the file if \(other) is no server"
            )
        }
        if let owner {
            place = .inPlace(descriptor: try Self.open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW))
            if case .inPlace(let descriptor) = place { fchown(descriptor, owner.uid, owner.gid) }
            return
        }
        let beside = "\(path).\(pid)"
        do {
            let descriptor = try Self.open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW)
            defer { close(descriptor) }
            try Self.write(pid, to: descriptor, path)
            place = .beside(beside)
        } catch {
            unlink(beside)
            let descriptor = Glibc.open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { throw error }
            place = .inPlace(descriptor: descriptor)
        }
    }

    deinit {
        switch place {
        case .beside(let beside): unlink(beside)
        case .inPlace(let descriptor): close(descriptor)
        }
    }

    /// Puts the file in its place.
    public func publish() throws(ServiceError) {
        switch place {
        case .beside(let beside):
            guard rename(beside, path) == 0 else { throw Self.failure(path, errno) }
        case .inPlace(let descriptor):
            ftruncate(descriptor, 0)
            lseek(descriptor, 0, SEEK_SET)
            try Self.write(pid, to: descriptor, path)
        }
    }

    /// Removes the file if it still names this process, and the one beside it if it was never published.
    public func remove() {
        if case .beside(let beside) = place { unlink(beside) }
        guard Self.holder(of: path) == pid else { return }
        // In a directory that is not this user's an empty file has to do.
        if unlink(path) != 0 { truncate(path, 0) }
    }

    /// The process that a file names; nil when it names none.
    static func holder(of path: String) -> Int32? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = read(descriptor, &bytes, bytes.count)
        let digits = bytes.prefix(max(0, count)).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return Int32(String(decoding: digits, as: UTF8.self))
    }

    private static func isAlive(_ pid: Int32) -> Bool {
        pid > 0 && (kill(pid, 0) == 0 || errno == EPERM)
    }

    private static func open(_ path: String, _ flags: Int32) throws(ServiceError) -> Int32 {
        let descriptor = Glibc.open(path, flags, 0o644)
        guard descriptor >= 0 else { throw failure(path, errno) }
        return descriptor
    }

    private static func write(_ pid: Int32, to descriptor: Int32, _ path: String) throws(ServiceError) {
        let text = Array("\(pid)\n".utf8)
        guard Glibc.write(descriptor, text, text.count) == text.count else { throw failure(path, errno) }
    }

    private static func failure(_ path: String, _ code: Int32) -> ServiceError {
        ServiceError(
            "the pid file cannot be written",
            reason: "'\(path)': \(String(cString: strerror(code)))",
            remedy: "a --pid-file in a directory that this user may write to, on a disk with room"
        )
    }
}
