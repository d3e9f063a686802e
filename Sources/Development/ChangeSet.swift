/// Files that are not what they were.
public struct ChangeSet: Sendable, Equatable {
    /// What happened to a file.
    public enum Change: Sendable, Equatable {
        /// It was not there before.
        case made
        /// It was written, or another file took its place.
        case changed
        /// It is not there any more.
        case gone
    }

    /// The changes, by absolute path.
    public private(set) var changes: [String: Change]

    /// Creates a set.
    public init(_ changes: [String: Change] = [:]) {
        self.changes = changes
    }

    /// Whether nothing changed.
    public var isEmpty: Bool { changes.isEmpty }

    /// Adds later changes: a file that was made and then changed is still a new one.
    public mutating func add(_ later: ChangeSet) {
        changes.merge(later.changes) { before, after in before == .made && after == .changed ? .made : after }
    }

    /// The files in one line, such as `shop/views.py, new.py (new) and 2 more`.
    ///
    /// - Parameter directories: The watched directories, absolute; paths below one of them are shortened.
    /// - Returns: At most three names, and how many more there are.
    public func summary(below directories: [String]) -> String {
        let shown = changes.sorted { $0.key < $1.key }.prefix(3).map { path, change in
            let root = directories.filter { path.hasPrefix($0 + "/") }.max { $0.utf8.count < $1.utf8.count }
            let short = root.map { String(path.dropFirst($0.count + 1)) } ?? path
            return switch change {
            case .made: short + " (new)"
            case .changed: short
            case .gone: short + " (gone)"
            }
        }
        let rest = changes.count - shown.count
        return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}

/// What tells one state of a file from another without reading it.
struct FileStamp: Sendable, Equatable {
    /// Differs when another file was renamed over this one.
    var inode: UInt64
    var byteCount: Int64
    var seconds: Int
    var nanoseconds: Int
}

/// The watched files at one moment.
struct SourceSnapshot: Sendable, Equatable {
    /// The files, by absolute path.
    var files: [String: FileStamp] = [:]

    /// What has happened between this moment and a later one.
    func changes(until later: SourceSnapshot) -> ChangeSet {
        var changes: [String: ChangeSet.Change] = [:]
        for (path, stamp) in later.files {
            if let before = files[path] {
                if before != stamp { changes[path] = .changed }
            } else {
                changes[path] = .made
            }
        }
        for path in files.keys where later.files[path] == nil { changes[path] = .gone }
        return ChangeSet(changes)
    }
}
