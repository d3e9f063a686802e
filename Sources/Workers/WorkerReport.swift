/// What a worker says about itself when it has imported the app.
public struct WorkerIntroduction: Sendable, Equatable {
    /// The interpreter's version: `3.11.7`.
    public var python: String?
    /// The application's type: `flask.app.Flask`.
    public var application: String?
    /// How long the import took.
    public var importTime: Duration?
    /// How the application is called.
    public var interface = AppInterface.wsgi
    /// Whether its sessions live in one process, so that a browser has to stay with a worker (Streamlit, for one).
    public var isSticky = false
    /// What to ask it for first, where `/` is not the right thing; nil when `/` is.
    public var warmUpPath: String?
    /// A host that the app answers to; nil when any will do, or it does not say.
    public var warmUpHost: String?
}

/// How an application is called.
public enum AppInterface: String, Sendable, Equatable {
    /// PEP 3333: on the worker's threads, one request on each.
    case wsgi
    /// ASGI 3: on the worker's event loop, many requests at once.
    case asgi
}

/// A text message of a worker on the control socket.
enum WorkerReport: Sendable, Equatable {
    /// The app is imported.
    case ready(WorkerIntroduction)
    /// The app cannot be loaded.
    case failed(StartupFailure)
    /// Something of the app in the worker has failed while it serves, and does not come back.
    case broken(reason: String, traceback: String?)
    /// So many threads exist now.
    case threads(Int)
    /// The pools of threads inside the app, as they are now.
    case pools([AppPool])
    /// A line for the log, from outside any request.
    case log(level: String, message: String)

    /// Reads a message; nil when it is none that we know, which is a broken protocol.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let fields = FlatJSON.object(from: bytes), case .string(let type) = fields["type"] else { return nil }
        self.init(fields, type: type)
    }

    /// Reads the fields of a message of the kind `type`.
    init?(_ fields: [String: FlatJSON.Value], type: String) {
        // Nothing to say is not said.
        func string(_ name: String) -> String? {
            if case .string(let string) = fields[name], !string.isEmpty { string } else { nil }
        }
        switch type {
        case "ready":
            self = .ready(
                WorkerIntroduction(
                    python: string("python"),
                    application: string("app"),
                    importTime: Self.duration(fields["import_seconds"]),
                    interface: string("interface").flatMap(AppInterface.init(rawValue:)) ?? .wsgi,
                    isSticky: fields["sticky"] == .boolean(true),
                    warmUpPath: string("warm_up"),
                    warmUpHost: string("warm_up_host")
                )
            )
        case "failed":
            self = .failed(
                StartupFailure(
                    .notLoaded,
                    title: string("title") ?? "the application cannot be loaded",
                    reason: string("reason") ?? "the worker gave no reason",
                    cause: string("cause"),
                    hint: string("hint"),
                    traceback: string("traceback")
                )
            )
        case "broken":
            self = .broken(reason: string("reason") ?? "it gave no reason", traceback: string("traceback"))
        case "threads":
            guard case .integer(let count) = fields["count"] else { return nil }
            self = .threads(count)
        case "pools":
            guard let pools = AppPool.all(in: fields) else { return nil }
            self = .pools(pools)
        case "log":
            guard let message = string("message") else { return nil }
            self = .log(level: string("level") ?? "info", message: message)
        default:
            return nil
        }
    }

    /// Any other number than a sensible one is no time at all: `Duration` traps on those.
    private static func duration(_ value: FlatJSON.Value?) -> Duration? {
        let seconds: Double
        switch value {
        case .number(let number): seconds = number
        case .integer(let integer): seconds = Double(integer)
        case .string, .boolean, .null, nil: return nil
        }
        guard seconds >= 0, seconds < 1e6 else { return nil }
        return .milliseconds(Int64(seconds * 1000))
    }
}
