internal import RequestQueue

/// How long requests may run, by path.
struct RequestTimeouts: Sendable {
    /// For paths without a limit of their own; zero for none.
    private let standard: Nanoseconds
    /// The longest prefix first, so that the first that fits is the one.
    private let paths: [(prefix: [UInt8], limit: Nanoseconds)]

    /// Creates the limits of `configuration`.
    init(_ configuration: FrontConfiguration.Requests) {
        standard = Nanoseconds(configuration.timeout)
        paths =
            configuration.pathTimeouts
            .map { (Array($0.prefix.utf8), Nanoseconds($0.timeout)) }
            .sorted { $0.0.count > $1.0.count }
    }

    /// Whether no request has a limit: then no path needs to be looked at.
    var isEmpty: Bool { standard == .zero && paths.allSatisfy { $0.limit == .zero } }

    /// The shortest limit there is; nil when there is none.
    var shortest: Nanoseconds? {
        ([standard] + paths.map(\.limit)).filter { $0 > .zero }.min()
    }

    /// The limit of a request for `path`; zero for none.
    ///
    /// - Complexity: O(number of paths with limits).
    func limit(for path: some Sequence<UInt8>) -> Nanoseconds {
        for (prefix, limit) in paths where path.starts(with: prefix) { return limit }
        return standard
    }
}
