internal import Glibc

/// Makes files for another user, as root, in places that only root can change; elsewhere that user makes them itself.
///
/// Nothing here follows a symbolic link, nothing acts on a name twice: what is given away is what was looked at.
public enum Giving {
    /// Why a file could not be given.
    public struct Failure: Error, Sendable, Equatable {
        /// What lies there, or what the system said.
        public let reason: String
    }

    // open(2) and fchownat(2); Glibc has them for GNU sources only.
    private static let pathOnly: Int32 = 0o10_000_000
    private static let emptyPath: Int32 = 0x1000

    /// Makes an ordinary file that `uid` may write, where only root could.
    ///
    /// Does nothing when the directory, or the way to it, can be changed by others: what is to be there is that user's
    /// to open.
    ///
    /// - Parameters:
    ///   - path: where.
    ///   - uid: whose it is to be.
    ///   - gid: and its group.
    ///   - mode: the permissions of a new one.
    ///   - accepts: whether a file that is there already may be given away, by its first 32 bytes.
    /// - Throws: ``Failure`` when another user's file, or one with several names, is there.
    public static func file(
        at path: String,
        to uid: UInt32,
        _ gid: UInt32,
        mode: UInt32,
        accepts: (_ beginning: [UInt8]) -> Bool = { _ in true }
    ) throws(Failure) {
        let directory: Int32
        switch RootsWay.walk(to: SocketDirectory.parent(of: path)) {
        case .opened(let descriptor): directory = descriptor
        case .notRootsAlone: return
        case .failed(let code): throw Failure(reason: String(cString: strerror(code)))
        }
        defer { close(directory) }
        let name = lastName(of: path)
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        let file = openat(directory, name, flags, mode)
        guard file >= 0 else {
            let code = errno
            // What is no file is said by whoever opens it next, as that user.
            if code == ELOOP || code == ENXIO || code == EISDIR { return }
            throw Failure(reason: String(cString: strerror(code)))
        }
        defer { close(file) }
        guard let look = PathLook(of: file) else { throw Failure(reason: String(cString: strerror(errno))) }
        guard look.kind == .file else { return }
        if let objection = look.objectionToFile(ownedBy: [0, uid]) { throw Failure(reason: objection) }
        var beginning = [UInt8](repeating: 0, count: 32)
        let count = pread(file, &beginning, beginning.count, 0)
        guard accepts(Array(beginning.prefix(max(0, count)))) else { return }
        fchown(file, uid, gid)
    }

    /// Makes a private directory for `uid` where there is none.
    ///
    /// Does nothing where others could have led the way to it: that user makes it then.
    public static func directory(at path: String, to uid: UInt32, _ gid: UInt32) {
        guard case .opened(let parent) = RootsWay.walk(to: SocketDirectory.parent(of: path), acceptsSticky: true) else {
            return
        }
        defer { close(parent) }
        let name = lastName(of: path)
        guard mkdirat(parent, name, 0o700) == 0 else { return }
        let descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard let look = PathLook(of: descriptor), look.owner == geteuid(), look.mode & 0o077 == 0 else { return }
        fchown(descriptor, uid, gid)
    }

    private static func lastName(of path: String) -> String {
        String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
    }

    /// Changes owner and mode of the socket at `path`, if it is still the one of `identity`.
    ///
    /// - Returns: the errno of what failed; 0 when all was done.
    public static func socket(
        at path: String,
        _ identity: PathLook.Identity?,
        owner: UInt32? = nil,
        group: UInt32? = nil,
        mode: UInt32? = nil
    ) -> Int32 {
        let descriptor = open(path, Self.pathOnly | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        guard let look = PathLook(of: descriptor), look.kind == .socket, look.identity == identity, look.names == 1
        else { return ESTALE }
        if owner != nil || group != nil {
            let result = fchownat(descriptor, "", owner ?? UInt32.max, group ?? UInt32.max, emptyPath)
            guard result == 0 else { return errno }
        }
        // A descriptor that was opened for its path alone takes no fchmod(2).
        if let mode, chmod("/proc/self/fd/\(descriptor)", mode) != 0 { return errno }
        return 0
    }
}
