internal import Glibc
internal import RoostConfiguration
internal import Service

/// `roost service NAME`: prints a systemd unit that serves an app as `roost serve` would.
struct ServiceCommand {
    let arguments: [String]

    static let usage = """
        Usage: roost service NAME --user USER [--group GROUP] [--app-dir DIR] TARGET [options of roost serve]

        Prints a systemd unit for NAME.service; with --socket that of NAME.socket. Relative paths are
        from the app's directory, which is the service's working directory.

          roost service shop --user shop --app-dir /srv/shop shop.wsgi:app > shop.service
          roost service shop --user shop --app-dir /srv/shop shop.wsgi:app --socket > shop.socket
        """

    func run() -> Int32 {
        if arguments.isEmpty || HelpPage.isAskedFor(by: arguments) {
            print(Self.usage)
            return arguments.isEmpty ? ExitStatus.usage : ExitStatus.success
        }
        guard let name = arguments.first, UnitFile.isName(name) else {
            Terminal.error(
                "roost service: '\(arguments[0])' is no name of a unit: letters, digits, '_', '-' and '.', no '.service'"
                    + "\n\n\(Self.usage)"
            )
            return ExitStatus.usage
        }
        var words = Words(arguments.dropFirst())
        let isSocket = words.takeFlag("--socket")
        let user = words.takeValue("--user")
        let group = words.takeValue("--group")
        let directory = Self.absolute(words.takeValue("--app-dir") ?? ".", Surroundings.directory)
        let python = words.takeValue("--python").map { Self.absolute($0, directory) }
        guard let user else {
            Terminal.error("roost service: --user NAME is missing: the user that the app runs as\n\n\(Self.usage)")
            return ExitStatus.usage
        }
        do {
            // What the shell has set is not there when systemd starts it; how Python is found, is written down.
            let environment = Surroundings.environment.filter { ["PATH", "VIRTUAL_ENV"].contains($0.key) }
            let options = words.own + ["--app-dir", directory] + (python.map { ["--python", $0] } ?? [])
            let resolved = try ConfigurationLoader.load(
                arguments: options + words.script,
                environment: environment,
                directory: directory
            )
            let configuration = resolved.configuration
            var unit = UnitFile(
                name: name,
                user: user,
                program: Self.real("/proc/self/exe") ?? "roost",
                directory: directory,
                arguments: words.own + ["--app-dir", directory, "--python", configuration.application.python]
                    + words.script
            )
            unit.group = group
            if resolved.origins["admin-socket"] != nil { unit.adminSocket = configuration.admin.socket }
            Self.describe(configuration, in: &unit)
            for hint in Self.hints(unit) { Terminal.error("hint: \(hint)") }
            print(isSocket ? unit.socket : unit.service, terminator: "")
            return ExitStatus.success
        } catch {
            Terminal.error("\(error)")
            return ExitStatus.usage
        }
    }

    private static func describe(_ configuration: ServerConfiguration, in unit: inout UnitFile) {
        let python = configuration.application.python
        unit.read = [python] + (real(python).map { $0 == python ? [] : [$0] } ?? [])
        unit.gracefulSeconds = Int(configuration.workers.gracefulTimeout.components.seconds)
        var written = unit.adminSocket.map { [$0] } ?? []
        for listener in configuration.listeners {
            switch listener {
            case .tcp(let host, let port):
                unit.addresses.append(host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
                if (1..<1024).contains(port) { unit.needsLowPort = true }
            case .unix(let path):
                unit.addresses.append(path)
                written.append(path)
            }
        }
        if let path = configuration.service.pidFile { written.append(path) }
        if case .file(let path) = configuration.logging.accessLogDestination { written.append(path) }
        let directories = written.compactMap { path in path.lastIndex(of: "/").map { String(path[..<$0]) } }
        unit.writable = Set(directories).filter { !$0.isEmpty && $0 != "/dev" && $0 != "/tmp" }.sorted()
    }

    private static func hints(_ unit: UnitFile) -> [String] {
        var hints: [String] = []
        if getpwnam(unit.user) == nil {
            hints.append("there is no user '\(unit.user)' yet: useradd --system \(unit.user)")
        }
        if !unit.inHomes.isEmpty {
            hints.append(
                "\(unit.inHomes.joined(separator: ", ")): below a home, so ProtectHome is read-only; '\(unit.user)' must be "
                    + "allowed to enter that home too (mode 711, or serve from /srv)"
            )
        }
        return hints
    }

    private static func absolute(_ path: String, _ base: String) -> String {
        if path == "." || path.isEmpty { return base }
        return path.hasPrefix("/") ? path : "\(base)/\(path.hasPrefix("./") ? String(path.dropFirst(2)) : path)"
    }

    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

/// A command line, from which words are taken; what follows a `--` is the script's.
private struct Words {
    var own: [String]
    /// The `--` and what follows it.
    let script: [String]

    init(_ words: ArraySlice<String>) {
        own = Array(words.prefix { $0 != "--" })
        script = Array(words.dropFirst(own.count))
    }

    mutating func takeFlag(_ flag: String) -> Bool {
        defer { own.removeAll { $0 == flag } }
        return own.contains(flag)
    }

    /// The last value counts.
    mutating func takeValue(_ flag: String) -> String? {
        var value: String?
        while let index = own.firstIndex(where: { $0 == flag || $0.hasPrefix(flag + "=") }) {
            let word = own.remove(at: index)
            if word == flag {
                guard index < own.count else { break }
                value = own.remove(at: index)
            } else {
                value = String(word.dropFirst(flag.count + 1))
            }
        }
        return value
    }
}
