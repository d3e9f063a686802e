/// Why a configuration cannot be used: every problem that was found, not only the first.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One thing to put right.
    public struct Problem: Sendable, Equatable {
        /// The kind of problem, bounded: fit for a metric or a test.
        public enum Code: String, Sendable, CaseIterable {
            /// No option has this name.
            case unknownOption = "unknown-option"
            /// The option cannot take this value.
            case invalidValue = "invalid-value"
            /// The command line ends where a value should follow, or has one argument too many.
            case malformedArguments = "malformed-arguments"
            /// A configuration file cannot be read, or is not TOML.
            case unreadableFile = "unreadable-file"
            /// Two values that are each right cannot hold together.
            case conflict = "conflict"
            /// Something needed was not given or found.
            case missing = "missing"
        }

        /// The kind of problem.
        public var code: Code

        /// What is wrong, with the option and the value.
        public var reason: String

        /// Where it was said, or `nil` when it was said nowhere.
        public var origin: Origin?

        /// What to write instead, when there is something definite to say.
        public var suggestion: String?

        /// Creates a problem.
        public init(code: Code, reason: String, origin: Origin? = nil, suggestion: String? = nil) {
            self.code = code
            self.reason = reason
            self.origin = origin
            self.suggestion = suggestion
        }
    }

    /// The problems in the order found; never empty.
    public var problems: [Problem]

    /// Creates the error.
    public init(problems: [Problem]) {
        self.problems = problems
    }

    /// The kinds of problem, each once, joined by commas.
    public var shortDescription: String {
        Problem.Code.allCases.filter { code in problems.contains { $0.code == code } }.map(\.rawValue)
            .joined(separator: ",")
    }

    /// The problems as a tree, without a final line break.
    public var description: String {
        let count = problems.count == 1 ? "the configuration has a problem" : "\(problems.count) problems"
        var lines = ["ConfigurationError: \(count)"]
        for (index, problem) in problems.enumerated() {
            let isLast = index == problems.count - 1
            lines.append("\(isLast ? "└─" : "├─") \(problem.reason)")
            let details = [
                problem.origin.map { "Where: \($0)" }, problem.suggestion.map { "Try: \($0)" },
            ].compactMap { $0 }
            for (place, detail) in details.enumerated() {
                lines.append("\(isLast ? "   " : "│  ")\(place == details.count - 1 ? "└─" : "├─") \(detail)")
            }
        }
        return lines.joined(separator: "\n")
    }
}
