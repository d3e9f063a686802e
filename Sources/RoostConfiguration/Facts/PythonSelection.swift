/// The interpreter a server runs its workers with, and why that one.
///
/// In this order: the one given; the active virtual environment's (`VIRTUAL_ENV`); that of `.venv` in the working
/// directory; `python3` on `PATH`. The path is not resolved: a virtual environment is known by its link's own place.
public struct PythonSelection: Sendable, Equatable {
    /// The interpreter's path.
    public let path: String

    /// Why it was taken, for people.
    public let reason: String

    /// The interpreter to use when none is given, or `nil` when there is none.
    static func automatic(environment: [String: String], directory: String, files: Files) -> PythonSelection? {
        var passedOver = ""
        if let active = environment["VIRTUAL_ENV"], !active.isEmpty {
            let path = PathText.absolute("\(active)/bin/python", base: directory)
            if files.isExecutable(path) {
                return PythonSelection(path: path, reason: "the active virtual environment")
            }
            passedOver = " (VIRTUAL_ENV has no bin/python)"
        }
        let local = PathText.absolute(".venv/bin/python", base: directory)
        if files.isExecutable(local) {
            return PythonSelection(path: local, reason: ".venv in the working directory" + passedOver)
        }
        return find("python3", environment: environment, directory: directory, files: files).map {
            PythonSelection(path: $0, reason: "python3 on PATH, no virtual environment" + passedOver)
        }
    }

    /// The path of a program that is named without a slash, or `nil` when no directory of `PATH` has it.
    static func find(
        _ name: String,
        environment: [String: String],
        directory: String,
        files: Files
    ) -> String? {
        for folder in (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let path = PathText.absolute("\(folder)/\(name)", base: directory)
            if files.isExecutable(path) { return path }
        }
        return nil
    }
}
