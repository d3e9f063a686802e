/// Counts by a label out of a fixed list, such as the cause of a refusal.
///
/// The list is given once, so the number of time series is bounded and counting is an array access. A value confined
/// to whoever counts.
public struct LabelledCounter: Sendable, Equatable {
    /// The labels, in the order given.
    public let labels: [String]

    /// How often each of ``labels`` was counted.
    public private(set) var counts: [UInt64]

    /// Creates counters at zero; a label that comes twice is kept once.
    public init(labels: [String]) {
        var unique: [String] = []
        for label in labels where !unique.contains(label) {
            unique.append(label)
        }
        self.labels = unique
        counts = [UInt64](repeating: 0, count: unique.count)
    }

    /// The place of a label, to be looked up once and passed to ``add(at:)`` on the hot path.
    ///
    /// - Complexity: O(number of labels).
    public func index(of label: String) -> Int? {
        labels.firstIndex(of: label)
    }

    /// Counts one of the label at `index`; an index that does not exist counts nothing.
    public mutating func add(at index: Int) {
        guard counts.indices.contains(index) else { return }
        counts[index] &+= 1
    }

    /// Counts one of `label`; a label that is not in the list counts nothing and returns false.
    ///
    /// - Complexity: O(number of labels).
    @discardableResult
    public mutating func add(_ label: String) -> Bool {
        guard let index = index(of: label) else { return false }
        counts[index] &+= 1
        return true
    }

    /// How often `label` was counted.
    public subscript(label: String) -> UInt64 {
        index(of: label).map { counts[$0] } ?? 0
    }

    /// The sum over all labels.
    public var total: UInt64 {
        counts.reduce(0, &+)
    }
}
