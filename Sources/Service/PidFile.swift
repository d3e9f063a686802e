internal import Glibc
internal import PathSafety

/// The file that says which process is the server.
///
/// Claimed at the start, so that what is wrong is said before anything else is done; written, in one step, when the
/// server accepts; removed at the end, unless another server has written its own. What is there and is no pid file, a
/// link, a device, a file with anything but a number, is never replaced.
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
    /// - Throws: ``ServiceError`` when another server lives, something else has the place, or the disk does not take the
    ///   file.
    public init(path: String, predecessor: Int32? = nil) throws(ServiceError) {
        self.path = path
        pid = getpid()
        if let other = try Self.claim(path), other != pid, other != predecessor, Self.isAlive(other) {
            throw ServiceError(
                "the pid file belongs to a running process",
                reason: "'\(path)' names process \(other), which lives",
                remedy: "another --pid-file, or that server's end; remove the file if \(other) is no server"
            )
        }
        let beside = "\(path).\(pid)"
        do throws(ServiceError) {
            let descriptor = try Self.make(beside)
            defer { close(descriptor) }
            do throws(ServiceError) {
                try Self.write(pid, to: descriptor, path)
            } catch {
                unlink(beside)
                throw error
            }
            place = .beside(beside)
        } catch {
            guard let descriptor = Self.openInPlace(path) else { throw error }
            place = .inPlace(descriptor: descriptor)
        }
    }

    /// Makes the file for the user that root is about to become, where only root may.
    ///
    /// - Throws: ``ServiceError`` when that is not possible.
    public static func prepare(_ path: String, for user: UserIdentity) throws(ServiceError) {
        do throws(Giving.Failure) {
            try Giving.file(at: path, to: user.uid, user.gid, mode: 0o644) { PidText($0) != .foreign }
        } catch {
            throw failure(path, error.reason)
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
            // Something else may have come since the start.
            _ = try Self.claim(path)
            guard rename(beside, path) == 0 else { throw Self.failure(path, String(cString: strerror(errno))) }
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
        if unlink(path) != 0, case .inPlace(let descriptor) = place { ftruncate(descriptor, 0) }
    }

    /// The process that a file names; nil when it names none.
    static func holder(of path: String) -> Int32? {
        guard case .process(let pid) = text(at: path) else { return nil }
        return pid
    }

    /// Looks at what has the place.
    ///
    /// - Returns: the process that it names; nil when there is nothing or an empty file.
    /// - Throws: ``ServiceError`` for what is no pid file.
    private static func claim(_ path: String) throws(ServiceError) -> Int32? {
        guard case .there(let look) = PathLook.at(path) else { return nil }
        if let objection = look.objectionToFile() { throw foreign(path, objection) }
        switch text(at: path) {
        case .process(let pid): return pid
        case .empty, nil: return nil
        case .foreign: throw foreign(path, "the file there holds something else than a process number")
        }
    }

    private static func text(at path: String) -> PidText? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard PathLook(of: descriptor)?.kind == .file else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = read(descriptor, &bytes, bytes.count)
        return PidText(Array(bytes.prefix(max(0, count))))
    }

    private static func isAlive(_ pid: Int32) -> Bool {
        pid > 0 && (kill(pid, 0) == 0 || errno == EPERM)
    }

    /// A new file; one that a process with our number left there is replaced.
    private static func make(_ path: String) throws(ServiceError) -> Int32 {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        var descriptor = Glibc.open(path, flags, 0o644)
        if descriptor < 0, errno == EEXIST {
            _ = try claim(path)
            unlink(path)
            descriptor = Glibc.open(path, flags, 0o644)
        }
        guard descriptor >= 0 else { throw failure(path, String(cString: strerror(errno))) }
        return descriptor
    }

    private static func openInPlace(_ path: String) -> Int32? {
        let descriptor = Glibc.open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return nil }
        guard PathLook(of: descriptor)?.kind == .file else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static func write(_ pid: Int32, to descriptor: Int32, _ path: String) throws(ServiceError) {
        let text = Array("\(pid)\n".utf8)
        guard Glibc.write(descriptor, text, text.count) == text.count else {
            throw failure(path, String(cString: strerror(errno)))
        }
    }

    private static func foreign(_ path: String, _ reason: String) -> ServiceError {
        ServiceError(
            "the place of the pid file is taken",
            reason: "'\(path)': \(reason)",
            remedy: "another --pid-file, or move away what is there"
        )
    }

    private static func failure(_ path: String, _ reason: String) -> ServiceError {
        ServiceError(
            "the pid file cannot be written",
            reason: "'\(path)': \(reason)",
            remedy: "a --pid-file in a directory that this user may write to, on a disk with room"
        )
    }
}
