internal import Glibc

/// Python's compiled copies of the files that changed.
///
/// A `.pyc` is taken for that of its source while size and modification time agree, the time in whole seconds. Two
/// saves within a second, of the same length, would so be served as the first. Within a second after a save is just
/// when `--reload` imports; so the copies of what changed are taken away first.
public enum BytecodeCache {
    /// Takes away the compiled copies of the Python files among `changes`.
    ///
    /// Nothing else is touched; what cannot be taken away stays.
    public static func forget(_ changes: ChangeSet) {
        for path in changes.changes.keys {
            guard let (directory, prefix) = place(of: path) else { continue }
            guard let stream = opendir(directory) else { continue }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                guard let name = SourceTree.name(of: entry), name.hasPrefix(prefix), name.hasSuffix(".pyc")
                else { continue }
                unlinkat(dirfd(stream), name, 0)
            }
        }
    }

    /// Where the copies of a source file are, and how their names begin (PEP 3147); nil when it is no Python file.
    static func place(of path: String) -> (directory: String, prefix: String)? {
        guard path.hasSuffix(".py"), let slash = path.lastIndex(of: "/") else { return nil }
        let module = path[path.index(after: slash)...].dropLast(3)
        guard !module.isEmpty else { return nil }
        // With the interpreter's tag: `shop.` alone would be the beginning of nothing else, for modules have no dots.
        return ("\(path[..<slash])/__pycache__", "\(module).")
    }
}
