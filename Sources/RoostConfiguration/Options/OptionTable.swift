/// Every option there is, in the order of `--help`.
public enum OptionTable {
    /// The options, grouped.
    public static let all: [Option] =
        Option.applicationOptions + Option.listeningOptions + Option.bindAccessOptions + Option.workerOptions
        + Option.preloadOptions + Option.asgiOptions + Option.webSocketOptions + Option.stickyOptions
        + Option.lifecycleOptions + Option.queueOptions + Option.requestOptions + Option.httpOptions
        + Option.bufferingOptions + Option.trustOptions + Option.rootPathOptions
        + Option.loggingOptions + Option.adminOptions
        + Option.serviceOptions + Option.developmentOptions

    /// The option of a name, or `nil`.
    public static func option(named name: String) -> Option? {
        byName[name]
    }

    /// The option a flag stands for: `--name`, `--alias` or `-x`, as written, or `nil`.
    static func option(flag: String) -> Option? {
        byFlag[flag]
    }

    /// The option that an environment variable sets, or `nil`.
    static func option(environmentName name: String) -> Option? {
        byEnvironmentName[name]
    }

    /// Every way to write a flag.
    static var flags: [String] {
        Array(byFlag.keys)
    }

    private static let byName = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }

    private static let byFlag = Dictionary(
        all.filter { $0.sources.contains(.flag) }.flatMap { option in option.flags.map { ($0, option) } }
    ) { first, _ in first }

    private static let byEnvironmentName = Dictionary(
        all.filter { $0.sources.contains(.environment) }.map { ($0.environmentName, $0) }
    ) { first, _ in first }
}

extension Option {
    /// Every way to write its flag, the usual one first.
    var flags: [String] {
        ["--\(name)"] + (short.map { ["-\($0)"] } ?? []) + aliases.map { "--\($0)" }
    }
}
