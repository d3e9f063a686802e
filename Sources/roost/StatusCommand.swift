internal import Admin
internal import RoostConfiguration

/// `roost status`: what a running server says of itself, over its admin socket.
struct StatusCommand {
    let arguments: [String]

    func run() -> Int32 {
        if HelpPage.isAskedFor(by: arguments) {
            print(
                """
                roost status [--admin-socket PATH | --bind HOST:PORT] [--json]

                Asks the server that listens on that address, over its admin socket; without either, the one that
                `roost serve` in this directory would start.
                """
            )
            return ExitStatus.success
        }
        do {
            let resolved = try ConfigurationLoader.load(
                arguments: arguments.filter { $0 != "--json" },
                environment: Surroundings.environment,
                directory: Surroundings.directory,
                requiresTarget: false
            )
            guard let path = resolved.configuration.admin.socket else {
                Terminal.error("roost: there is no admin socket (admin-socket is none)")
                return ExitStatus.usage
            }
            return ask(path)
        } catch {
            Terminal.error(error.description)
            return ExitStatus.usage
        }
    }

    private func ask(_ path: String) -> Int32 {
        do {
            let answer = try AdminClient(socketPath: path)
                .get(arguments.contains("--json") ? "/status" : "/status?text")
            let text = answer.printable(isJSON: arguments.contains("--json"))
            print(text, terminator: text.hasSuffix("\n") ? "" : "\n")
            return answer.status == 200 ? ExitStatus.success : ExitStatus.failure
        } catch {
            Terminal.error(error.description)
            return ExitStatus.failure
        }
    }
}
