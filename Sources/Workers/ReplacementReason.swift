/// Why a worker that could go on is replaced by another.
public enum ReplacementReason: Sendable, Hashable, CustomStringConvertible {
    /// It has answered as many requests as one worker is to answer.
    case maximumRequests(served: UInt64, limit: UInt64)
    /// It holds more memory than a worker is to hold, in bytes.
    case maximumMemory(bytes: UInt64, limit: UInt64)
    /// It has served as long as one worker is to serve.
    case maximumLifetime(served: Duration, limit: Duration)
    /// A request in it does not end, and cannot be ended.
    case stuck
    /// The app's lifespan has failed in it, and with that what the app runs beside its requests.
    case brokenLifespan(served: Duration)

    /// A short name out of a closed list, fit for a metric's label.
    public var shortName: String {
        switch self {
        case .maximumRequests: "max_requests"
        case .maximumMemory: "max_rss"
        case .maximumLifetime: "max_lifetime"
        case .stuck: "stuck"
        case .brokenLifespan: "lifespan"
        }
    }

    /// All the short names there are.
    public static let shortNames = ["max_requests", "max_rss", "max_lifetime", "stuck", "lifespan"]

    /// Whether it gets no requests from now on, not only once its successor is ready.
    public var takesNoNewRequests: Bool {
        switch self {
        case .stuck: true
        case .maximumRequests, .maximumMemory, .maximumLifetime, .brokenLifespan: false
        }
    }

    /// Whether it does not wait until nothing else changes in the pool: a worker that has failed, not one that is due.
    var isUrgent: Bool {
        switch self {
        case .stuck, .brokenLifespan: true
        case .maximumRequests, .maximumMemory, .maximumLifetime: false
        }
    }

    /// How long the worker served before it failed in a way that its successor may share; nil for other reasons.
    var servedBeforeFailure: Duration? {
        if case .brokenLifespan(let served) = self { served } else { nil }
    }

    /// The reason with its figure, for people.
    public var description: String {
        switch self {
        case .maximumRequests(let served, let limit):
            "it has answered \(served) requests (max-requests \(limit))"
        case .maximumMemory(let bytes, let limit):
            "it holds \(bytes >> 20) MiB of memory (max-rss \(limit >> 20) MiB)"
        case .maximumLifetime(let served, let limit):
            "it has served for \(served.components.seconds) s (max-lifetime \(limit.components.seconds) s)"
        case .stuck:
            "a request in it does not end"
        case .brokenLifespan:
            "the app's lifespan has failed in it"
        }
    }
}
