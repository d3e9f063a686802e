/// The method of a request as a metric label: a client may send any token, a label set has to be bounded.
public enum MethodLabel: String, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"
    case other = "other"

    /// Creates the label of a method token, which is case-sensitive (RFC 9110 §9.1).
    public init(token: some Collection<UInt8>) {
        self = MethodLabel.allCases.first { $0 != .other && $0.rawValue.utf8.elementsEqual(token) } ?? .other
    }

    var place: Int {
        switch self {
        case .get: 0
        case .head: 1
        case .post: 2
        case .put: 3
        case .patch: 4
        case .delete: 5
        case .options: 6
        case .other: 7
        }
    }
}

/// Answered requests by status and method.
///
/// A flat array of 500 statuses for each method, so that counting neither hashes nor allocates.
public struct RequestCounter: Sendable, Equatable {
    /// One count above zero.
    public struct Entry: Sendable, Equatable {
        /// The status, 100 to 599.
        public var status: Int
        /// The method.
        public var method: MethodLabel
        /// How many answers had both.
        public var count: UInt64
    }

    private static let statuses = 100..<600
    private var counts: [UInt64]

    /// Creates counters at zero.
    public init() {
        counts = [UInt64](repeating: 0, count: Self.statuses.count * MethodLabel.allCases.count)
    }

    /// Counts one answer; a status outside 100 to 599 counts as 500, which is what it deserves.
    public mutating func add(status: Int, method: MethodLabel) {
        let known = Self.statuses.contains(status) ? status : 500
        counts[method.place * Self.statuses.count + known - Self.statuses.lowerBound] &+= 1
    }

    /// The counts above zero, by status and then by method.
    ///
    /// - Complexity: O(number of statuses x number of methods).
    public var entries: [Entry] {
        var entries: [Entry] = []
        for status in Self.statuses {
            for method in MethodLabel.allCases {
                let count = counts[method.place * Self.statuses.count + status - Self.statuses.lowerBound]
                if count > 0 { entries.append(Entry(status: status, method: method, count: count)) }
            }
        }
        return entries
    }

    /// All answers.
    ///
    /// - Complexity: O(number of statuses x number of methods).
    public var total: UInt64 {
        counts.reduce(0, &+)
    }
}
