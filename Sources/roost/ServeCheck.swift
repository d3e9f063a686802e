internal import Front
internal import Glibc
internal import Logging
internal import NIOCore
internal import RoostConfiguration
internal import Service
internal import Telemetry
internal import Workers

/// `roost serve --check`: starts one worker as a server would, listens on nothing, and ends.
struct ServeCheck {
    /// The flag that asks for it.
    static let flag = "--check"

    let configuration: ServerConfiguration
    let launched: Launched
    let logger: Logger

    /// Takes the flag out of a command line; what follows a `--` is the script's.
    ///
    /// - Returns: Whether it was there.
    static func take(from arguments: inout [String]) -> Bool {
        let own = arguments.prefix { $0 != "--" }
        guard own.contains(flag) else { return false }
        arguments = own.filter { $0 != flag } + arguments.dropFirst(own.count)
        return true
    }

    /// Imports the app as the user that would serve it, and waits for the worker to be ready.
    ///
    /// - Parameter appLog: Takes the app's lines.
    /// - Returns: The exit status.
    /// - Throws: What is wrong with the configuration's user, networks or directories.
    func run(appLog: @escaping @Sendable (AppLine) -> Void) throws -> Int32 {
        if configuration.service.user != nil || configuration.service.group != nil {
            let identity = try UserIdentity(user: configuration.service.user, group: configuration.service.group)
            if !identity.isOurs { try identity.become() }
        }
        var front = try configuration.front()
        front.sockets = []
        front.listeners = []
        try front.checkSpoolDirectory()
        var pool = configuration.workers(launched, version: Roost.version)
        pool.processes = 1
        pool.warmsUp = false
        let server = FrontServer(
            configuration: front,
            workers: pool,
            warmUp: .init(path: nil, isDefault: true, host: configuration.application.warmUpHost),
            logger: logger,
            accessLog: nil,
            appLog: appLog
        )
        let endings = Endings()
        _ = try server.start { endings.end(.failed($0.description)) }
        server.observe(every: .milliseconds(50)) { reading in
            guard reading.readyWorkers > 0 else { return true }
            endings.end(.asked)
            return false
        }
        switch endings.wait(other: { _, _ in }) {
        case .failed(let failure):
            Terminal.error(failure)
            return ExitStatus.failure
        case .signal:
            try server.drain(within: .seconds(2)).wait()
            return ExitStatus.failure
        case .asked, .replaced:
            try server.drain(within: configuration.workers.gracefulTimeout).wait()
            print("\(pool.target): the configuration is valid, and the app was imported; nothing was served")
            return ExitStatus.success
        }
    }
}
