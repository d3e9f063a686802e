internal import Admin
internal import CRoostSystem
internal import Glibc
internal import RoostConfiguration

/// `roost reload`, `scale`, `stop` and `upgrade`: have a running server do something, over its admin socket.
struct ControlCommand {
    /// What is asked for.
    enum Verb: String, CaseIterable {
        case reload, scale, stop, upgrade
    }

    let verb: Verb
    let arguments: [String]

    func run() -> Int32 {
        if HelpPage.isAskedFor(by: arguments) {
            print(help)
            return ExitStatus.success
        }
        var rest = arguments
        let isJSON = rest.contains("--json")
        rest.removeAll { $0 == "--json" }
        var values: [String: String] = [:]
        for name in names {
            switch Self.take(name, from: &rest) {
            case .absent: continue
            case .value(let value): values[name] = value
            case .missing:
                Terminal.error("roost \(verb.rawValue): --\(name) needs a value")
                return ExitStatus.usage
            }
        }
        guard verb != .scale || !values.isEmpty else {
            Terminal.error("roost scale: nothing to change: --processes P, --threads T, or both")
            return ExitStatus.usage
        }
        do {
            let resolved = try ConfigurationLoader.load(
                arguments: rest,
                environment: Surroundings.environment,
                directory: Surroundings.directory,
                requiresTarget: false
            )
            guard let path = resolved.configuration.admin.socket else {
                Terminal.error("roost: there is no admin socket (admin-socket is none)")
                return ExitStatus.usage
            }
            return ask(path, values, isJSON, resolved.configuration.workers)
        } catch {
            Terminal.error(error.description)
            return ExitStatus.usage
        }
    }

    private func ask(
        _ path: String,
        _ values: [String: String],
        _ isJSON: Bool,
        _ workers: ServerConfiguration.Workers
    ) -> Int32 {
        var query = values.sorted { $0.key < $1.key }.map { name, value in
            let value = name == "binary" && !value.hasPrefix("/") ? "\(Surroundings.directory)/\(value)" : value
            return "\(name)=\(AdminClient.escaped(value))"
        }
        // The answer to stop says how long it may take.
        if !isJSON, verb != .stop { query.append("text") }
        let target = "/\(verb.rawValue)" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        // The server bounds what it does; this is for one that does not answer at all. Another reload may go first.
        let timeout: Duration =
            verb == .stop || verb == .scale ? .seconds(10) : workers.startupTimeout * 2 + .seconds(90)
        var process: Int32 = -1
        defer { if process >= 0 { close(process) } }
        do {
            let answer = try AdminClient(socketPath: path, timeout: timeout)
                .post(target) { pid in if pid > 0 { process = roost_pidfd_open(pid) } }
            let text = answer.printable(isJSON: isJSON)
            guard answer.status == 200 else {
                Terminal.error(text)
                return ExitStatus.failure
            }
            if verb != .stop || isJSON { print(text, terminator: text.hasSuffix("\n") ? "" : "\n") }
            guard verb == .stop else { return ExitStatus.success }
            let seconds = answer.number("seconds") ?? Int(workers.gracefulTimeout.components.seconds)
            return awaitEnd(of: process, within: seconds)
        } catch {
            Terminal.error(error.description)
            return ExitStatus.failure
        }
    }

    /// Waits until the server has ended.
    private func awaitEnd(of process: Int32, within seconds: Int) -> Int32 {
        guard process >= 0 else {
            Terminal.error("roost stop: it drains; its process cannot be watched from here")
            return ExitStatus.success
        }
        var polled = pollfd(fd: process, events: Int16(POLLIN), revents: 0)
        // The workers have some seconds more to leave.
        guard poll(&polled, 1, Int32(clamping: (seconds + 15) * 1000)) > 0 else {
            Terminal.error("roost stop: the server still runs after \(seconds + 15) s; its log says why")
            return ExitStatus.failure
        }
        Terminal.error("stopped")
        return ExitStatus.success
    }

    private var names: [String] {
        switch verb {
        case .reload, .stop: []
        case .scale: ["processes", "threads"]
        case .upgrade: ["binary"]
        }
    }

    private var help: String {
        let what =
            switch verb {
            case .reload:
                """
                roost reload

                Starts a new generation of workers with the configuration and the code as they are now; when it is
                ready it takes over, and the old one finishes what it has. Code that cannot be imported is printed,
                and the old workers go on: exit status 1.
                """
            case .scale:
                """
                roost scale [--processes P] [--threads T]

                Changes the number of workers, and of threads in each, while they serve.
                """
            case .stop:
                """
                roost stop

                Has the server answer what it has, and waits until it has ended.
                """
            case .upgrade:
                """
                roost upgrade [--binary PATH]

                Has a new process take over from the running one: the same command line, with the executable and the
                configuration as they are now, or with another executable. The sockets stay open, no request is lost.
                If the new one cannot serve, the reason is printed and the old one goes on: exit status 1.
                """
            }
        return """
            \(what)

            Asks the server that listens on --admin-socket PATH or --bind HOST:PORT; without either, the one that
            `roost serve` in this directory would start. --json prints the answer for programs.
            """
    }

    private enum Taken {
        case absent
        case missing
        case value(String)
    }

    /// Takes `--name VALUE` or `--name=VALUE` out of the arguments; the last one counts.
    private static func take(_ name: String, from arguments: inout [String]) -> Taken {
        var taken = Taken.absent
        var rest: [String] = []
        var index = arguments.startIndex
        while index < arguments.endIndex {
            let argument = arguments[index]
            index += 1
            if argument == "--\(name)" {
                guard index < arguments.endIndex else { return .missing }
                taken = .value(arguments[index])
                index += 1
            } else if argument.hasPrefix("--\(name)=") {
                taken = .value(String(argument.dropFirst(name.count + 3)))
            } else {
                rest.append(argument)
            }
        }
        arguments = rest
        return taken
    }
}
