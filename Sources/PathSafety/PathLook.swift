internal import Glibc

/// What lies at a path, as `lstat(2)` or `fstat(2)` saw it: what every judgement on a path starts from.
public struct PathLook: Sendable, Equatable {
    /// The kind of a file.
    public enum Kind: String, Sendable, CaseIterable {
        case file = "an ordinary file"
        case directory = "a directory"
        case symbolicLink = "a symbolic link"
        case socket = "a socket"
        case fifo = "a FIFO"
        case device = "a device"
        case other = "something of an unknown kind"
    }

    /// Which file it is, whatever its name.
    public struct Identity: Sendable, Equatable {
        private let device: UInt64
        private let inode: UInt64

        init(device: UInt64, inode: UInt64) { (self.device, self.inode) = (device, inode) }

        /// The file at `path`, a link not followed; nil where there is none.
        public init?(of path: String) {
            guard case .there(let look) = PathLook.at(path) else { return nil }
            self = look.identity
        }
    }

    /// What a look can find.
    public enum Finding: Sendable, Equatable {
        case nothing
        case there(PathLook)
        /// It can't be told: the errno of the look.
        case unknown(Int32)
    }

    /// The kind.
    public var kind: Kind
    /// The number of the user who owns it.
    public var owner: UInt32
    /// The permissions: the mode's lower twelve bits.
    public var mode: UInt32
    /// How many names it has.
    public var names: Int
    /// Which file it is.
    public var identity: Identity

    /// Creates a look that was not taken, for judgements on what could be.
    init(kind: Kind, owner: UInt32 = 0, mode: UInt32 = 0o600, names: Int = 1, inode: UInt64 = 1) {
        (self.kind, self.owner, self.mode, self.names) = (kind, owner, mode, names)
        identity = Identity(device: 1, inode: inode)
    }

    private init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFSOCK: .socket
            case S_IFIFO: .fifo
            case S_IFCHR, S_IFBLK: .device
            default: .other
            }
        owner = status.st_uid
        mode = UInt32(status.st_mode & 0o7777)
        names = Int(status.st_nlink)
        identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Looks at `path`; a symbolic link at its end is not followed.
    public static func at(_ path: String) -> Finding {
        var status = stat()
        guard lstat(path, &status) != 0 else { return .there(PathLook(status)) }
        return errno == ENOENT ? .nothing : .unknown(errno)
    }

    /// Looks at what was opened; nil when the descriptor is none.
    public init?(of descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }
}
