internal import CRoostSystem
internal import Glibc

/// Finds the watched files below some directories.
struct SourceTree: Sendable {
    /// What one look found.
    struct Look: Sendable, Equatable {
        var snapshot = SourceSnapshot()
        /// Directories entered.
        var directories = 0
        /// One of the watched directories is not there.
        var lacksRoot = false
        /// There are more directories than are looked into.
        var isCut = false
    }

    /// The watched directories, absolute, none below another.
    let roots: [String]
    let rules: WatchRules
    /// Directories that are looked into at most: somebody's home is not an app.
    let limit: Int

    /// Creates a tree; directories below others of the list are left out, as they are looked into anyway.
    init(roots: [String], rules: WatchRules, limit: Int = 8192) {
        let tidy = roots.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        var kept: [String] = []
        for root in Set(tidy).sorted() where !kept.contains(where: { Self.holds($0, root, rules) }) {
            kept.append(root)
        }
        self.roots = kept
        self.rules = rules
        self.limit = limit
    }

    /// Whether looking below `root` comes to `path`, too.
    private static func holds(_ root: String, _ path: String, _ rules: WatchRules) -> Bool {
        let start = root == "/" ? root : root + "/"
        guard path.hasPrefix(start) else { return false }
        var relative = ""
        for part in path.dropFirst(start.count).split(separator: "/") {
            relative += relative.isEmpty ? String(part) : "/\(part)"
            if !rules.enters(relative, in: root) { return false }
        }
        return true
    }

    /// Looks at every file.
    ///
    /// Links to files count as the file they lead to; links to directories are not followed, for they may lead in
    /// circles. What may not be read is left out.
    ///
    /// - Parameter entering: Called for each directory before its entries are read, with its path: whoever begins to
    ///   watch it there misses nothing between the two.
    /// - Returns: What was found.
    func look(entering: (String) -> Void = { _ in }) -> Look {
        var look = Look()
        for root in roots {
            var pending: [(path: String, relative: String)] = [(root, "")]
            var isRoot = true
            while let (path, relative) = pending.popLast() {
                guard look.directories < limit else {
                    look.isCut = true
                    break
                }
                entering(path)
                guard let stream = opendir(path) else {
                    if isRoot { look.lacksRoot = true }
                    isRoot = false
                    continue
                }
                defer { closedir(stream) }
                var below: [(String, String)] = []
                var files: [String: FileStamp] = [:]
                var isEnvironment = false
                while let entry = readdir(stream) {
                    guard let name = Self.name(of: entry), name != ".", name != ".." else { continue }
                    if WatchRules.environmentMarks.contains(name), !isRoot { isEnvironment = true }
                    let short = relative.isEmpty ? name : "\(relative)/\(name)"
                    let full = path == "/" ? "/\(name)" : "\(path)/\(name)"
                    if Self.isDirectory(entry, in: stream) {
                        if rules.enters(short, in: root) { below.append((full, short)) }
                    } else if rules.watches(file: short, in: root), let stamp = Self.stamp(of: entry, in: stream) {
                        files[full] = stamp
                    }
                }
                isRoot = false
                guard !isEnvironment else { continue }
                look.directories += 1
                look.snapshot.files.merge(files) { $1 }
                pending += below
            }
        }
        return look
    }

    /// The name; nil when it is not UTF-8, and so no module's.
    static func name(of entry: UnsafeMutablePointer<dirent>) -> String? {
        guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return nil }
        return String(
            validatingCString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
        )
    }

    private static func isDirectory(_ entry: UnsafeMutablePointer<dirent>, in stream: OpaquePointer) -> Bool {
        switch Int(entry.pointee.d_type) {
        case Int(DT_DIR): return true
        case Int(DT_UNKNOWN):
            guard let mode = status(of: entry, in: stream, follows: false)?.st_mode else { return false }
            return mode & S_IFMT == S_IFDIR
        default: return false
        }
    }

    private static func stamp(of entry: UnsafeMutablePointer<dirent>, in stream: OpaquePointer) -> FileStamp? {
        guard let status = status(of: entry, in: stream, follows: true), status.st_mode & S_IFMT == S_IFREG
        else { return nil }
        return FileStamp(
            inode: UInt64(status.st_ino),
            byteCount: Int64(status.st_size),
            seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec
        )
    }

    private static func status(
        of entry: UnsafeMutablePointer<dirent>,
        in stream: OpaquePointer,
        follows: Bool
    ) -> stat? {
        guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return nil }
        let name = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
        var status = stat()
        guard fstatat(dirfd(stream), name, &status, follows ? 0 : AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return status
    }

    /// Whether all roots lie where the kernel tells of every change.
    ///
    /// On file systems that others can write to (NFS, SMB, shared folders of virtual machines and of Docker Desktop) it
    /// tells only of changes made through it.
    var reportsChanges: Bool {
        roots.allSatisfy { roost_is_local_file_system($0) != 0 }
    }
}
