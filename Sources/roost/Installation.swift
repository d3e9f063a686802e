internal import Glibc

/// Where the files are that go with this executable.
///
/// Built: `.build/release/roost` beside `libRoostWorker.so`, the Python package in the repository's `python/roost`.
/// Installed: `bin/roost`, `lib/roost/libRoostWorker.so`, `lib/roost/python/roost`.
struct Installation {
    /// The library that workers load.
    let library: String
    /// The script that workers start with.
    let bootstrap: String

    /// Finds the files.
    ///
    /// - Throws: ``InstallationError`` with what is missing.
    init() throws(InstallationError) {
        let executable = Self.realPath("/proc/self/exe") ?? Surroundings.arguments.first ?? "roost"
        let directory = Self.parent(of: executable)
        let libraries = ["\(directory)/libRoostWorker.so", "\(directory)/../lib/roost/libRoostWorker.so"]
        guard let library = libraries.lazy.compactMap(Self.realPath).first else {
            throw InstallationError(missing: "libRoostWorker.so", searched: libraries)
        }
        var packages = ["\(directory)/../lib/roost/python"]
        var place = directory
        for _ in 0..<5 {
            packages.append("\(place)/python")
            place = Self.parent(of: place)
        }
        let scripts = packages.map { "\($0)/roost/_worker.py" }
        guard let bootstrap = scripts.lazy.compactMap(Self.realPath).first else {
            throw InstallationError(missing: "roost/_worker.py", searched: scripts)
        }
        self.library = library
        self.bootstrap = bootstrap
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}

/// A file that goes with the executable is not there.
struct InstallationError: Error, CustomStringConvertible {
    let missing: String
    let searched: [String]

    var description: String {
        """
        StartupError: \(missing) not found
        ├─ Reason: it is in none of: \(searched.joined(separator: ", "))
        └─ Try: make build
        """
    }
}
