internal import RoostConfiguration

/// `roost config`: every setting, its value, and where it comes from.
struct ConfigCommand {
    let arguments: [String]

    func run() -> Int32 {
        if HelpPage.isAskedFor(by: arguments) {
            print(HelpPage.text(command: "config"))
            return ExitStatus.success
        }
        if arguments == ["--reference"] {
            // The page in the documentation is made by this.
            print(ReferencePage.markdown, terminator: "")
            return ExitStatus.success
        }
        do {
            let resolved = try ConfigurationLoader.load(
                arguments: arguments.filter { $0 != "--json" },
                environment: Surroundings.environment,
                directory: Surroundings.directory,
                requiresTarget: false
            )
            print(arguments.contains("--json") ? resolved.asJSON : resolved.explain())
            return ExitStatus.success
        } catch {
            Terminal.error(error.description)
            return ExitStatus.usage
        }
    }
}
