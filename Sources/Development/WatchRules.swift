/// Which files count as the app's code, and which directories are not even looked into.
public struct WatchRules: Sendable {
    private let includes: [GlobPattern]
    private let excludes: [GlobPattern]

    /// Creates rules: `*.py` and what `includes` add, without what `excludes` take away.
    ///
    /// The patterns are the shell's: without a slash for a name, with one for a path below the watched directory.
    public init(includes: [String] = [], excludes: [String] = []) {
        self.includes = (["*.py"] + includes).map(GlobPattern.init)
        self.excludes = excludes.map(GlobPattern.init)
    }

    /// Whether a change of this file is a change of the code.
    ///
    /// - Parameters:
    ///   - relative: The path below the watched directory.
    ///   - directory: The watched directory, absolute.
    /// - Returns: Whether it is.
    func watches(file relative: String, in directory: String) -> Bool {
        let name = Self.name(relative)
        return !Self.isLeftover(name) && includes.contains { $0.matches(relative, in: directory) }
            && !excludes.contains { $0.matches(relative, in: directory) }
    }

    /// Whether to look into a directory: not into what tools and package managers fill, hidden directories, and what is
    /// excluded.
    func enters(_ relative: String, in directory: String) -> Bool {
        !Self.isForeign(Self.name(relative)) && !excludes.contains { $0.matches(relative, in: directory) }
    }

    /// Whether an event about this name is worth a look, without knowing its directory.
    func mayConcern(name: String, isDirectory: Bool) -> Bool {
        isDirectory
            ? !Self.isForeign(name) : !Self.isLeftover(name) && includes.contains { $0.matches(name: name) }
    }

    /// Files whose presence says that a directory is an environment with packages, not somebody's code.
    static let environmentMarks: Set<String> = ["pyvenv.cfg", "conda-meta"]

    private static func isForeign(_ name: String) -> Bool {
        name.hasPrefix(".") || name.hasSuffix(".egg-info")
            || ["__pycache__", "node_modules", "site-packages", "dist-packages"].contains(name)
    }

    /// What editors and interpreters leave beside the files they write.
    private static func isLeftover(_ name: String) -> Bool {
        name.hasPrefix(".#")
            || [".pyc", ".pyo", ".swp", ".swo", ".swx", ".tmp", ".bak", "~", "#"].contains {
                name.hasSuffix($0)
            }
    }

    private static func name(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
