import Glibc
import PathSafety

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
        let parent = SocketDirectory.parent(of: path)
        if mkdir(parent, 0o700) != 0, errno != EEXIST {
            throw AdminError.system("make the directory", parent, errno)
        }
        if let objection = SocketDirectory.objection(to: parent, by: geteuid()) {
            throw AdminError(
                code: .notTrusted,
                reason: "the directory '\(parent)' cannot be trusted: \(objection)",
                remedy: "remove it, or --admin-socket in a directory that only this user may write to"
            )
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
    func publish() throws(AdminError) -> PathLook.Identity {
        guard chmod(stagingPath, 0o600) == 0 else { throw AdminError.system("change the mode of", path, errno) }
        guard let identity = PathLook.Identity(of: stagingPath) else { throw AdminError.system("look at", path, errno) }
        // Something else may have come since the look.
        try Self.checkKind(path)
        guard rename(stagingPath, path) == 0 else { throw AdminError.system("bind", path, errno) }
        rmdir(stagingDirectory)
        return identity
    }

    /// Removes the file, unless a newer server has put its own in the place.
    func remove(_ identity: PathLook.Identity) {
        if PathLook.Identity(of: path) == identity { unlink(path) }
    }

    /// Removes what is left of a socket that was never published.
    func removeStaging() {
        unlink(stagingPath)
        rmdir(stagingDirectory)
    }

    /// Whether there is a socket; throws for anything else that has the name.
    @discardableResult
    private static func checkKind(_ path: String) throws(AdminError) -> Bool {
        switch PathLook.at(path) {
        case .nothing: return false
        case .unknown(let code): throw AdminError.system("look at", path, code)
        case .there(let look):
            guard let objection = look.objectionToReplacingSocket else { return true }
            throw AdminError(
                code: .notASocket,
                reason: "'\(path)' is not a socket: \(objection)",
                remedy: "another path, or move away what is there"
            )
        }
    }

    private static func claim(_ path: String, replacesRunningServer: Bool) throws(AdminError) {
        guard let address = UnixSocketAddress(path: path) else { throw tooLong(path) }
        guard try checkKind(path) else { return }
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

    private static func tooLong(_ path: String) -> AdminError {
        AdminError(
            code: .pathTooLong,
            reason: "the path '\(path)' has \(path.utf8.count) bytes, too many for a Unix socket",
            remedy: "a path of at most 100 bytes"
        )
    }
}
