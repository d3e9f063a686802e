internal import Glibc
internal import PathSafety

/// A user and a group that the server can become.
public struct UserIdentity: Sendable, Equatable {
    /// The user's number.
    public var uid: UInt32
    /// The group's number.
    public var gid: UInt32
    /// The user's name; nil when the number has none.
    public var name: String?
    /// The user's home.
    public var home: String?

    /// Whether this process is the superuser's.
    public static var isSuperuser: Bool { geteuid() == 0 }

    /// Finds the user and the group that `user` and `group`, names or numbers, stand for.
    ///
    /// Without a group it is the user's own; without a user it is this process's.
    ///
    /// - Throws: ``ServiceError`` for one that there is not.
    public init(user: String?, group: String?) throws(ServiceError) {
        uid = geteuid()
        gid = getegid()
        if let user {
            if let entry = Int64(user) == nil ? getpwnam(user) : UInt32(user).flatMap({ getpwuid($0) }) {
                uid = entry.pointee.pw_uid
                gid = entry.pointee.pw_gid
                name = String(cString: entry.pointee.pw_name)
                home = String(cString: entry.pointee.pw_dir)
            } else if let number = UInt32(user) {
                guard group != nil else {
                    throw ServiceError(
                        "no such user",
                        reason: "user \(number) is not known here, and so its group is not",
                        remedy: "--group as well"
                    )
                }
                uid = number
            } else {
                throw ServiceError(
                    "no such user",
                    reason: "--user '\(user)'",
                    remedy: "a name of /etc/passwd, or a number"
                )
            }
        }
        if let group {
            if let number = UInt32(group) {
                gid = number
            } else if let entry = getgrnam(group) {
                gid = entry.pointee.gr_gid
            } else {
                throw ServiceError(
                    "no such group",
                    reason: "--group '\(group)'",
                    remedy: "a name of /etc/group, or a number"
                )
            }
        }
    }

    /// Whether this process has this user and group already.
    public var isOurs: Bool { uid == geteuid() && gid == getegid() }

    /// Makes this process this user's, for good.
    ///
    /// Every thread changes with it (nptl(7)). `HOME`, `USER` and `LOGNAME` follow, as they do for a login.
    ///
    /// - Throws: ``ServiceError`` when the kernel refuses.
    public func become() throws(ServiceError) {
        var groups = [gid]
        let result = name.map { initgroups($0, gid) } ?? setgroups(1, &groups)
        guard result == 0, setgid(gid) == 0, setuid(uid) == 0, uid == 0 || setuid(0) != 0 else {
            throw ServiceError(
                "the user cannot be changed",
                reason: "to user \(uid), group \(gid): \(String(cString: strerror(errno)))",
                remedy: "start as root, or as that user without --user"
            )
        }
        if let home { setenv("HOME", home, 1) }
        if let name {
            setenv("USER", name, 1)
            setenv("LOGNAME", name, 1)
        }
    }

    /// Makes a file for this user where only root may, such as a log; elsewhere the user makes it itself.
    ///
    /// - Throws: ``ServiceError`` when another user's file, or one with several names, is there.
    public func prepareFile(_ path: String, for option: String) throws(ServiceError) {
        do throws(Giving.Failure) {
            try Giving.file(at: path, to: uid, gid, mode: 0o640)
        } catch {
            throw ServiceError(
                "a file cannot be made for user \(uid)",
                reason: "'\(path)': \(error.reason)",
                remedy: "another \(option), in a directory that the user may write to"
            )
        }
    }

    /// Makes a private directory for this user where there is none.
    public func makeDirectory(_ path: String) {
        Giving.directory(at: path, to: uid, gid)
    }
}
