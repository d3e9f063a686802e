internal import Logging
internal import RequestQueue
internal import Workers

/// The end of a worker and what became of each request in it, told in one line of the log.
struct DeathReport {
    /// One request that was in the worker.
    struct Request: Equatable {
        /// Method and path.
        var route: String
        /// For how long it had run, or lain ready.
        var age: Nanoseconds
        /// What became of it.
        var verdict: RetryRule.Verdict
    }

    /// The requests that are named; a worker can have had hundreds.
    static let mostNamed = 16

    var death: WorkerDeath
    /// What is known besides of why it ended, such as memory that ran out.
    var hint: String?
    private(set) var requests: [Request] = []

    init(_ death: WorkerDeath, hint: String? = nil) {
        self.death = death
        self.hint = hint
    }

    mutating func add(_ request: Request) { requests.append(request) }

    /// Nothing is wrong with a worker that left because it was asked to, and left nothing behind.
    var level: Logger.Level {
        switch death.reason {
        case .drained?, .poolFailed?: requests.isEmpty ? .debug : .warning
        default: .error
        }
    }

    /// What goes beside the constant sentence: how it ended, how long it served, and the requests.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["exit": "\(exit)"]
        if let reason = death.reason { metadata["reason"] = "\(reason.shortName)" }
        if let served = death.served { metadata["served"] = "\(Self.seconds(Nanoseconds(served)))" }
        if !requests.isEmpty {
            metadata["requests"] = "\(requests.count)"
            metadata["in_flight"] = "\(inFlight)"
        }
        return metadata
    }

    private var exit: String {
        let exit =
            switch death.exit {
            case .exited: "ended with \(death.exit)"
            case .signalled: "killed by \(death.exit)"
            case .unknown: "gone"
            }
        return hint.map { "\(exit); \($0)" } ?? exit
    }

    private var inFlight: String {
        // The oldest first: the likely culprits.
        let named = requests.sorted { $0.age > $1.age }.prefix(Self.mostNamed).map { request in
            "\(request.route) (\(Self.seconds(request.age))): \(request.verdict.word)"
        }
        let others = requests.count - named.count
        return named.joined(separator: "; ") + (others > 0 ? "; and \(others) more" : "")
    }

    /// Two decimals: enough for people.
    static func seconds(_ time: Nanoseconds) -> String {
        let hundredths = time.inMilliseconds / 10
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) s"
    }
}

extension RetryRule.Verdict {
    /// The verdict in the log.
    var word: String {
        switch self {
        case .giveBack: "given to another worker, not begun"
        case .retry: "retried"
        case .refuse: "502"
        case .cut: "cut"
        case .forget: "client had left"
        }
    }
}
