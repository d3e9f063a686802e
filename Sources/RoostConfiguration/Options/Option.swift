/// One option, defined once: its names, its meaning, how it is read and how it is printed.
///
/// The flag, the environment variable, the key in the file, `--help`, the reference page and `roost config` all come
/// from this value.
public struct Option: Sendable {
    /// What sort of value an option takes; decides how TOML may write it and how JSON shows it.
    public enum Kind: Sendable, Equatable {
        /// `--name` and `--no-name`; `true` and `false` in a file.
        case boolean
        /// A whole number.
        case integer
        /// A duration; a bare number is seconds.
        case duration
        /// A byte count; a bare number is bytes.
        case size
        /// An address, for which a file may also write a bare port.
        case address
        /// One of a few words.
        case choice([String])
        /// Any text.
        case text
    }

    /// Where an option may be given.
    public struct Sources: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt8

        /// Creates a set from its bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// A flag on the command line.
        public static let flag = Sources(rawValue: 1)
        /// An argument without a flag.
        public static let argument = Sources(rawValue: 2)
        /// A `ROOST_` variable.
        public static let environment = Sources(rawValue: 4)
        /// A key in a configuration file.
        public static let file = Sources(rawValue: 8)
        /// A flag, a variable or a key: what nearly every option has.
        public static let usual: Sources = [.flag, .environment, .file]
    }

    /// The part of the configuration an option belongs to, with its heading in `--help`.
    public enum Group: String, Sendable, CaseIterable {
        /// The app and its interpreter.
        case application = "Application"
        /// The addresses.
        case listening = "Listening"
        /// The worker processes.
        case workers = "Workers"
        /// Event loops.
        case asgi = "ASGI"
        /// How workers make room for others.
        case lifecycle = "Recycle and reload"
        /// The request queue.
        case queue = "Request queue"
        /// Requests that run.
        case requests = "Running requests"
        /// Limits and timeouts of HTTP.
        case http = "Limits and timeouts"
        /// Memory and spool files.
        case buffering = "Buffering"
        /// Proxies in front.
        case trust = "Behind a proxy"
        /// Logs.
        case logging = "Logs"
        /// The control plane.
        case admin = "Admin"
        /// The process on its machine.
        case service = "Service"
        /// What helps while an app is being written.
        case development = "Development"
    }

    /// The name in files, and after `--`, in kebab case.
    public let name: String

    /// The one-letter flag, without its hyphen.
    public let short: String?

    /// Other flags that mean the same, without hyphens; those of gunicorn where it has them.
    public let aliases: [String]

    /// The sort of value.
    public let kind: Kind

    /// The placeholder of the value in `--help`.
    public let metavariable: String

    /// Whether several values may be given; a later source replaces all of an earlier one's.
    public let isRepeatable: Bool

    /// Where it may be given.
    public let sources: Sources

    /// The part it belongs to.
    public let group: Group

    /// One line: what it sets, as a fragment without a full stop.
    public let summary: String

    /// Why this default, and when to change it, in full sentences.
    public let discussion: String

    /// How the value is worked out unless given (also the meaning of `auto`), or `nil` when the default is fixed.
    public let automaticRule: String?

    /// Reads values into the configuration; `base` is the directory that relative paths start from.
    let read: @Sendable (_ values: [String], _ base: String, inout ServerConfiguration) throws(ValueError) -> Void

    /// The values in the configuration, in a form that `read` takes back; empty for none.
    let texts: @Sendable (ServerConfiguration) -> [String]

    /// The environment variable, such as `ROOST_QUEUE_LIMIT`.
    public var environmentName: String {
        "ROOST_" + String(name.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// Whether `auto` is a value, and what the option has unless it is given.
    public var isAutomatic: Bool {
        automaticRule != nil
    }

    /// The default as text: `auto`, or the value an empty configuration has.
    public var defaultText: String {
        isAutomatic ? "auto" : text(in: ServerConfiguration())
    }

    /// The value in a configuration, as text; several are joined by commas, and none is `none`.
    public func text(in configuration: ServerConfiguration) -> String {
        let values = texts(configuration)
        return values.isEmpty ? "none" : values.joined(separator: ",")
    }

    /// Creates an option; the typed factories beside it fill in how it is read and printed.
    init(
        _ name: String,
        _ kind: Kind,
        _ metavariable: String,
        in group: Group,
        short: String? = nil,
        aliases: [String] = [],
        repeatable isRepeatable: Bool = false,
        from sources: Sources = .usual,
        automatically automaticRule: String? = nil,
        summary: String,
        discussion: String,
        read: @escaping @Sendable ([String], String, inout ServerConfiguration) throws(ValueError) -> Void,
        texts: @escaping @Sendable (ServerConfiguration) -> [String]
    ) {
        self.name = name
        self.kind = kind
        self.metavariable = metavariable
        self.group = group
        self.short = short
        self.aliases = aliases
        self.isRepeatable = isRepeatable
        self.sources = sources
        self.automaticRule = automaticRule
        self.summary = summary
        self.discussion = discussion
        self.read = read
        self.texts = texts
    }
}
