internal import RequestQueue

/// When a worker that could go on is replaced, against what apps and their libraries leak.
///
/// What it costs: each replacement is an import and a warm-up beside the traffic, and for a moment one worker more.
public struct RecyclePolicy: Sendable, Equatable {
    /// Requests after which a worker is replaced; 0 for never.
    public var maximumRequests: UInt64 = 0
    /// The most that is added to ``maximumRequests`` at random.
    ///
    /// Workers that started together answer about equally many requests: without it they would be due together.
    public var maximumRequestsJitter: UInt64 = 0
    /// Bytes of resident memory beyond which a worker is replaced; 0 for any.
    public var maximumMemory: UInt64 = 0
    /// The age at which a worker is replaced, less up to a tenth at random; zero for never.
    public var maximumLifetime = Duration.zero

    /// Creates a policy by which nobody is replaced.
    public init() {}

    /// Whether somebody may ever be replaced.
    var isActive: Bool { maximumRequests > 0 || maximumMemory > 0 || maximumLifetime > .zero }

    /// The limits of one worker.
    ///
    /// - Parameter jitter: A random number in 0 … 1.
    /// - Returns: The limits; none by a policy that says nothing.
    func limits(jitter: Double) -> RecycleLimits {
        let part = jitter.isFinite ? min(max(jitter, 0), 1) : 0
        var limits = RecycleLimits()
        if maximumRequests > 0 {
            // At most 2^53 or so, far from where this traps.
            let added = UInt64(Double(min(maximumRequestsJitter, 1 << 50)) * part)
            limits.requests = maximumRequests &+ added
        }
        if maximumMemory > 0 { limits.memory = maximumMemory }
        if maximumLifetime > .zero { limits.lifetime = maximumLifetime * (1 - part / 10) }
        return limits
    }

    /// Who of those that are due is replaced first: who holds the most memory, for that is what the machine runs out
    /// of; then who has answered the most requests; then who has served the longest.
    static func first(of due: [(worker: WorkerID, because: ReplacementReason)]) -> (
        worker: WorkerID, because: ReplacementReason
    )? {
        due.max { rank($0.because) < rank($1.because) }
    }

    private static func rank(_ reason: ReplacementReason) -> (Int, UInt64) {
        switch reason {
        case .stuck, .brokenLifespan: (3, 0)
        case .maximumMemory(let bytes, limit: _): (2, bytes)
        case .maximumRequests(let served, limit: _): (1, served)
        case .maximumLifetime(let served, limit: _): (0, Nanoseconds(served).count)
        }
    }
}

/// When one worker is replaced.
struct RecycleLimits: Sendable, Equatable {
    var requests: UInt64?
    /// Bytes.
    var memory: UInt64?
    var lifetime: Duration?

    /// Takes the limit of requests away: in a worker whose sessions end with it, each of them has its state there, and one
    /// load of a page may be more than a hundred requests.
    ///
    /// - Returns: Whether there was one.
    mutating func spareSessions() -> Bool {
        defer { requests = nil }
        return requests != nil
    }

    /// Why a worker is due; nil when it is not.
    ///
    /// - Parameters:
    ///   - requests: How many it has answered.
    ///   - memory: Bytes it holds; nil when that is not known.
    ///   - served: How long it has taken requests.
    /// - Returns: The first of the reasons, memory before requests before age.
    func reason(requests: UInt64, memory: UInt64?, served: Duration) -> ReplacementReason? {
        if let limit = self.memory, let memory, memory > limit { return .maximumMemory(bytes: memory, limit: limit) }
        if let limit = self.requests, requests >= limit { return .maximumRequests(served: requests, limit: limit) }
        if let limit = lifetime, served >= limit { return .maximumLifetime(served: served, limit: limit) }
        return nil
    }
}
