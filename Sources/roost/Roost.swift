internal import Glibc
internal import RoostConfiguration

/// The command line: finds the subcommand, and lets it run.
///
/// The flags of `serve` and `config` are those of the one table of options in `RoostConfiguration`, from which the
/// environment, the files and the pages are derived too; so nothing is left here for an argument parser to declare.
@main
struct Roost {
    static let version = "0.1.0"

    static func main() {
        let arguments = Array(Surroundings.arguments.dropFirst())
        let rest = Array(arguments.dropFirst())
        switch arguments.first {
        case "serve": exit(ServeCommand(arguments: rest).run())
        case "config": exit(ConfigCommand(arguments: rest).run())
        case "service": exit(ServiceCommand(arguments: rest).run())
        case "status": exit(StatusCommand(arguments: rest).run())
        case let name? where ControlCommand.Verb(rawValue: name) != nil:
            guard let verb = ControlCommand.Verb(rawValue: name) else { return }
            exit(ControlCommand(verb: verb, arguments: rest).run())
        case "version", "--version", "-V":
            print("roost \(version)")
        case "help", "--help", "-h", nil:
            print(usage)
        case .some(let other):
            let meant = Suggestion.command(for: other, among: commands)
            let advice = meant.map { "Try: \($0)\n" } ?? ""
            Terminal.error("roost: there is no command '\(other)'\n\(advice)\n\(usage)")
            exit(ExitStatus.usage)
        }
    }

    private static let commands =
        ["serve", "config", "status", "version", "help"] + ControlCommand.Verb.allCases.map(\.rawValue)

    static let usage = """
        roost: an application server for Python web apps

        roost serve TARGET [options]   serve an app: module:app, module:create_app(), file.py
        roost status [options]         show what a running server is doing
        roost reload [options]         new workers with the code and configuration as they are now
        roost scale [options]          more or fewer workers, or threads in each
        roost upgrade [options]        a new process takes over from the running one
        roost stop [options]           answer what is running, and end
        roost config [options]         show every setting, its value and where that comes from
        roost service NAME [options]   print a systemd unit that serves an app
        roost version

        roost COMMAND --help tells more.
        """
}

/// What the shell gets to see.
enum ExitStatus {
    /// All was well: a drain that ended by itself too.
    static let success: Int32 = 0
    /// Could not start, or gave up.
    static let failure: Int32 = 1
    /// The command line, a variable or a file is wrong.
    static let usage: Int32 = 2
}

enum Terminal {
    /// Writes lines to standard error.
    static func error(_ text: String) {
        let line = text.hasSuffix("\n") ? text : text + "\n"
        var bytes = Array(line.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
