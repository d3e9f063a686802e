import RoostConfiguration
import Testing

/// A small file system: texts by path, and the paths that can be executed.
func files(_ contents: [String: String] = [:], programs: [String] = ["/usr/bin/python3"]) -> Files {
    Files(
        contents: { path in contents[path].map { Array($0.utf8) } },
        isExecutable: { programs.contains($0) }
    )
}

/// Loads a configuration in `/srv/app` on a machine of two CPUs.
func load(
    _ arguments: String = "shop:app",
    environment: [String: String] = [:],
    files: Files = files(),
    facts: MachineFacts = MachineFacts(affinityCPUs: 2, memory: .gibibytes(4)),
    requiresTarget: Bool = true
) throws(ConfigurationError) -> ResolvedConfiguration {
    try ConfigurationLoader.load(
        arguments: arguments.split(separator: " ").map(String.init),
        environment: environment.merging(["PATH": "/bin:/usr/bin"]) { given, _ in given },
        directory: "/srv/app",
        facts: facts,
        files: files,
        requiresTarget: requiresTarget
    )
}

/// The text of the error that loading ends in.
func failure(
    _ arguments: String = "shop:app",
    environment: [String: String] = [:],
    files: Files = files(),
    facts: MachineFacts = MachineFacts(affinityCPUs: 2),
    sourceLocation: SourceLocation = #_sourceLocation
) -> String {
    do {
        let resolved = try load(arguments, environment: environment, files: files, facts: facts)
        Issue.record("loaded: \(resolved.explain())", sourceLocation: sourceLocation)
        return ""
    } catch {
        return error.description
    }
}
