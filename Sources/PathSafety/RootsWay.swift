internal import Glibc

/// The way to a directory, walked one name at a time, as long as nobody but root can lead it elsewhere.
///
/// `open(2)` follows links in every part of a path but the last. A user who owns one directory on the way can lay a link
/// there to a directory of root's own, and have root act in that. So each directory is judged before a name in it is
/// used: root's, and either closed to others or sticky with a next name that is root's. A link in such a directory is
/// root's word, and followed.
enum RootsWay {
    /// Where a walk has led.
    enum End {
        /// The directory; the caller closes the descriptor.
        case opened(Int32)
        /// Another user could have led it elsewhere.
        case notRootsAlone
        /// What the system said: an errno.
        case failed(Int32)
    }

    /// As many as the kernel follows.
    private static let mostLinks = 40

    /// Walks to the directory `path`, from the working directory when it is relative.
    ///
    /// - Parameters:
    ///   - path: Where to.
    ///   - acceptsSticky: Whether the last directory may be one in which all make files of their own (`/tmp`).
    /// - Returns: Where it has led.
    static func walk(to path: String, acceptsSticky: Bool = false) -> End {
        guard var names = names(of: absolute(path)) else { return .failed(errno) }
        var links = 0
        var place = openDirectory(AT_FDCWD, "/")
        guard place >= 0 else { return .failed(errno) }
        while true {
            guard let look = PathLook(of: place) else { return end(place, .failed(errno)) }
            guard look.isRootsWay else { return end(place, .notRootsAlone) }
            guard let name = names.popLast() else {
                return look.isChangedByRootAlone || acceptsSticky ? .opened(place) : end(place, .notRootsAlone)
            }
            var status = stat()
            guard fstatat(place, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return end(place, .failed(errno)) }
            guard status.st_uid == 0 else { return end(place, .notRootsAlone) }
            if status.st_mode & S_IFMT == S_IFLNK {
                links += 1
                guard links <= mostLinks else { return end(place, .failed(ELOOP)) }
                guard let target = target(place, name), let more = Self.names(of: target) else {
                    return end(place, .failed(errno))
                }
                names += more
                guard target.hasPrefix("/") else { continue }
                close(place)
                place = openDirectory(AT_FDCWD, "/")
            } else {
                let next = openDirectory(place, name)
                let code = errno
                close(place)
                errno = code
                place = next
            }
            guard place >= 0 else { return .failed(errno) }
        }
    }

    private static func end(_ place: Int32, _ end: End) -> End {
        close(place)
        return end
    }

    private static func openDirectory(_ place: Int32, _ name: String) -> Int32 {
        openat(place, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil else { return "" }
        let directory = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: directory, as: UTF8.self) + "/" + path
    }

    /// The names of a path, last one first; nil for an empty path.
    private static func names(of path: String) -> [String]? {
        guard !path.isEmpty else {
            errno = ENOENT
            return nil
        }
        return path.split(separator: "/").filter { $0 != "." }.reversed().map(String.init)
    }

    private static func target(_ place: Int32, _ name: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { room in
            room.baseAddress.map { readlinkat(place, name, $0, room.count) } ?? -1
        }
        guard count >= 0 else { return nil }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}

extension PathLook {
    /// Whether a name of root's in this directory is root's word: nobody else can change it, or put another there.
    var isRootsWay: Bool { kind == .directory && owner == 0 && (mode & 0o022 == 0 || mode & 0o1000 != 0) }
}
