/// Puts the layers together: defaults, then the file, then `ROOST_` variables, then flags, the later winning.
public enum ConfigurationLoader {
    /// The configuration that a command line, an environment and a directory stand for.
    ///
    /// Every value is checked, also one that a later layer replaces.
    ///
    /// - Parameters:
    ///   - arguments: What follows `roost serve` or `roost config`, without `--help`.
    ///   - environment: The process's environment.
    ///   - directory: The working directory, absolute; `roost.toml`, `pyproject.toml` and `.venv` are looked up there.
    ///   - facts: What automatic values rest on.
    ///   - files: The access to the file system.
    ///   - requiresTarget: Whether there must be an app and an interpreter: true for serving.
    /// - Returns: The configuration, with no value left to work out.
    /// - Throws: `ConfigurationError` with everything that is wrong.
    public static func load(
        arguments: [String],
        environment: [String: String],
        directory: String,
        facts: MachineFacts = .read(),
        files: Files = .system,
        requiresTarget: Bool = true
    ) throws(ConfigurationError) -> ResolvedConfiguration {
        let flags = ArgumentLayer.read(arguments, directory: directory)
        let variables = EnvironmentLayer.read(environment, directory: directory)
        let named = (flags.assignments + variables.assignments).first { $0.option.name == "config" }
            .flatMap { assignment in assignment.values.last.map { (path: $0, origin: assignment.origin) } }
        let file = FileLayer.read(named: named, directory: directory, files: files)

        var configuration = ServerConfiguration()
        configuration.application.directory = PathText.absolute(".", base: directory)
        var problems = file.problems + variables.problems + flags.problems
        var origins: [String: Origin] = [:]
        var automatic = Set(OptionTable.all.filter(\.isAutomatic).map(\.name))
        var targetBase = directory
        for assignment in file.assignments + variables.assignments + flags.assignments {
            let option = assignment.option
            origins[option.name] = assignment.origin
            if option.name == "target" { targetBase = assignment.base }
            if option.isAutomatic, assignment.values == ["auto"] {
                automatic.insert(option.name)
                continue
            }
            do {
                try option.read(assignment.values, assignment.base, &configuration)
                automatic.remove(option.name)
            } catch {
                problems.append(
                    .init(
                        code: .invalidValue,
                        reason: "\(option.name): \(error.reason)",
                        origin: assignment.origin,
                        suggestion: error.suggestion
                    )
                )
            }
        }
        if origins["drain-timeout"] == nil { automatic.insert(AutomaticValues.defaultDrainTimeout) }
        if origins["access-log-file"] != nil { automatic.insert(AutomaticValues.givenAccessLogFile) }

        var values = AutomaticValues(
            names: automatic,
            facts: facts,
            environment: environment,
            directory: directory,
            files: files
        )
        values.resolve(&configuration)
        configuration.application.target?.look(
            from: targetBase,
            alsoIn: configuration.application.directory,
            files: files
        )
        for (name, reason) in values.reasons { origins[name] = .automatic(reason: reason) }
        problems += values.problems
        if requiresTarget { problems += missing(in: configuration, origins: origins, files: files) }
        // A conflict between values of which one could not be read would be about a default nobody chose.
        if problems.isEmpty { problems = Conflicts.find(in: configuration, origins: origins, facts: facts) }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return ResolvedConfiguration(
            configuration: configuration,
            origins: origins,
            configurationFile: named?.path
        )
    }

    private static func missing(
        in configuration: ServerConfiguration,
        origins: [String: Origin],
        files: Files
    ) -> [ConfigurationError.Problem] {
        var problems: [ConfigurationError.Problem] = []
        if configuration.application.target == nil, origins["target"] == nil {
            problems.append(
                .init(
                    code: .missing,
                    reason: "there is no app to serve",
                    suggestion: "roost serve module:app, or target = \"module:app\" in roost.toml"
                )
            )
        }
        let python = configuration.application.python
        if !files.isExecutable(python) {
            if case .automatic = origins["python"] {
                problems.append(
                    .init(
                        code: .missing,
                        reason: "no Python was found: no active virtual environment, no .venv, and no "
                            + "python3 on PATH",
                        suggestion: "--python /path/to/python3"
                    )
                )
            } else {
                problems.append(
                    .init(code: .missing, reason: "python: '\(python)' is no program", origin: origins["python"])
                )
            }
        }
        return problems
    }
}
