/// Where a value was said.
public enum Origin: Sendable, Hashable, CustomStringConvertible {
    /// Nowhere: it is the option's default.
    case `default`

    /// Nowhere: it was worked out, for the reason given.
    case automatic(reason: String)

    /// A line of a configuration file, counted from 1.
    case file(path: String, line: Int)

    /// An environment variable.
    case environment(name: String)

    /// A flag as it was written, such as `-w`.
    case flag(String)

    /// The command line, without a flag.
    case argument

    /// The origin in the words of `roost config` and of the errors.
    public var description: String {
        switch self {
        case .default: "default"
        case .automatic(let reason): "automatic: \(reason)"
        case .file(let path, let line): "\(path):\(line)"
        case .environment(let name): "env \(name)"
        case .flag(let name): "flag \(name)"
        case .argument: "argument"
        }
    }
}
