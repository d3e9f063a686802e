import Glibc

/// The file of the admin's Unix socket: made private, put in its place at once, taken away again.
///
/// The socket is bound in a new directory of mode 0700 beside its place and renamed into it when it is listening and has
/// mode 0600. So there is no moment at which another user could connect, or at which a client finds a socket that
/// nobody listens on.
struct AdminSocketFile: Sendable {
    let path: String
    private let stagingDirectory: String

    /// Where to bind.
    var stagingPath: String { stagingDirectory + "/s" }

    /// Looks whether `path` is free and makes the staging directory, and the parent directory with mode 0700 if needed.
    ///
    /// - Parameters:
    ///   - path: where the socket is to be.
    ///   - replacesRunningServer: whether a socket on which a server answers may be replaced.
    /// - Throws: `AdminError` when the place is not free, or not this user's.
    init(path: String, replacesRunningServer: Bool = false) throws(AdminError) {
        self.path = path
        try Self.claim(path, replacesRunningServer: replacesRunningServer)
        let parent = Self.parent(of: path)
        if mkdir(parent, 0o700) != 0, errno != EEXIST {
            throw AdminError.system("make the directory", parent, errno)
        }
        var template = Array((parent + "/.rXXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw AdminError.system("make a directory in", parent, errno) }
        stagingDirectory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard UnixSocketAddress(path: stagingPath) != nil else {
            rmdir(stagingDirectory)
            throw Self.tooLong(path)
        }
    }

    /// Puts the bound socket into its place, replacing what a server that is gone left there.
    ///
    /// - Returns: the identity of the file, for ``remove(_:)``.
    func publish() throws(AdminError) -> Identity {
        guard chmod(stagingPath, 0o600) == 0 else { throw AdminError.system("change the mode of", path, errno) }
        guard let identity = Identity(of: stagingPath) else { throw AdminError.system("look at", path, errno) }
        guard rename(stagingPath, path) == 0 else { throw AdminError.system("bind", path, errno) }
        rmdir(stagingDirectory)
        return identity
    }

    /// Removes the file, unless a newer server has put its own in the place.
    func remove(_ identity: Identity) {
        if Identity(of: path) == identity { unlink(path) }
    }

    /// Removes what is left of a socket that was never published.
    func removeStaging() {
        unlink(stagingPath)
        rmdir(stagingDirectory)
    }

    /// Which file it is, whatever its name.
    struct Identity: Sendable, Equatable {
        private let device: dev_t
        private let inode: ino_t

        init?(of path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            (device, inode) = (status.st_dev, status.st_ino)
        }
    }

    private static func claim(_ path: String, replacesRunningServer: Bool) throws(AdminError) {
        guard let address = UnixSocketAddress(path: path) else { throw tooLong(path) }
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw AdminError.system("look at", path, errno) }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw AdminError(
                code: .notASocket,
                reason: "'\(path)' exists and is not a socket",
                remedy: "another path, or remove that file"
            )
        }
        guard !replacesRunningServer else { return }
        let (descriptor, errorNumber) = address.connect(within: .seconds(1))
        if descriptor >= 0 { close(descriptor) }
        // ECONNREFUSED: its server is gone. Anything else may be a server that is busy, or that is not ours to judge.
        guard descriptor < 0, errorNumber == ECONNREFUSED || errorNumber == ENOENT else {
            throw AdminError(
                code: .inUse,
                reason: "another server listens on '\(path)'",
                remedy: "stop that server, or give this one another admin socket"
            )
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func tooLong(_ path: String) -> AdminError {
        AdminError(
            code: .pathTooLong,
            reason: "the path '\(path)' has \(path.utf8.count) bytes, too many for a Unix socket",
            remedy: "a path of at most 100 bytes"
        )
    }
}
