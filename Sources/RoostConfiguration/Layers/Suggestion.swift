/// The name somebody may have meant.
public enum Suggestion {
    /// The candidate nearest to a word, or `nil` when none is near: at most a third of its letters may differ.
    public static func nearest(to word: String, among candidates: [String]) -> String? {
        let most = max(2, word.count / 3)
        let ranked = candidates.map { (distance: distance(word, $0), name: $0) }.filter { $0.distance <= most }
        return ranked.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// What somebody may have meant by a command that there is not: a command, or an app to serve.
    public static func command(for word: String, among commands: [String]) -> String? {
        if word.contains(":") || word.hasSuffix(".py") { return "roost serve \(word)" }
        if word.hasPrefix("-") { return "roost serve TARGET \(word)" }
        return nearest(to: word, among: commands).map { "roost \($0)" }
    }

    /// The least number of letters to insert, delete, replace or swap with their neighbour (optimal string alignment).
    static func distance(_ first: String, _ second: String) -> Int {
        // A name is short; what is not is no misspelt name, and the table would grow with its square.
        guard first.utf8.count <= 100, second.utf8.count <= 100 else { return .max }
        let first = Array(first.lowercased().utf8)
        let second = Array(second.lowercased().utf8)
        var beforePrevious: [Int] = []
        var previous = Array(0...second.count)
        for row in first.indices {
            var current = [row + 1]
            for column in second.indices {
                var least = min(previous[column + 1] + 1, current[column] + 1)
                least = min(least, previous[column] + (first[row] == second[column] ? 0 : 1))
                if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
                    least = min(least, beforePrevious[column - 1] + 1)
                }
                current.append(least)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[second.count]
    }
}
