/// A pool of threads inside an app on an event loop, for which calls may wait where no server sees it.
///
/// The worker's word, once a second at most.
public struct AppPool: Sendable, Equatable {
    /// Whose it is.
    public enum Kind: String, Sendable, CaseIterable {
        /// anyio's default limiter: plain endpoints of Starlette and FastAPI, among others.
        case anyio
        /// The event loop's default executor.
        case executor
    }

    /// More than this is not believed.
    private static let greatest = 1_000_000

    /// Whose it is.
    public var kind: Kind
    /// The most threads that may run at once.
    public var threads: Int
    /// How many do.
    public var busy: Int
    /// Calls that wait for one.
    public var waiting: Int

    /// The pools that a worker's message speaks of; nil when its numbers are none.
    static func all(in fields: [String: FlatJSON.Value]) -> [AppPool]? {
        var pools: [AppPool] = []
        for kind in Kind.allCases where fields["\(kind.rawValue)_threads"] != nil {
            func number(_ name: String) -> Int? {
                guard case .integer(let number) = fields["\(kind.rawValue)_\(name)"], number >= 0 else { return nil }
                return min(number, greatest)
            }
            guard let threads = number("threads"), let busy = number("busy"), let waiting = number("waiting") else {
                return nil
            }
            pools.append(AppPool(kind: kind, threads: threads, busy: busy, waiting: waiting))
        }
        return pools
    }
}
