/// Paths as text: joined and tidied without asking the file system, so that symbolic links keep their meaning.
enum PathText {
    /// The path, joined to `base` when it is relative; `.` and doubled slashes are dropped, `..` is kept.
    static func absolute(_ path: String, base: String) -> String {
        let joined = path.hasPrefix("/") ? path : "\(base)/\(path)"
        let parts = joined.split(separator: "/").filter { $0 != "." }
        return "/" + parts.joined(separator: "/")
    }

    /// The last component of a path.
    static func name(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// Everything before the last component of an absolute path; `/` for a file in the root.
    static func folder(_ path: String) -> String {
        "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    }
}
