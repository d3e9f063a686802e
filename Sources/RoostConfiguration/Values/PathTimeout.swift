/// How long requests below a path may run: `/export=300s`.
public struct PathTimeout: Sendable, Equatable, CustomStringConvertible {
    /// What the path begins with.
    public var prefix: String

    /// The longest run; zero for no limit.
    public var timeout: Duration

    /// Creates a limit for paths that begin with `prefix`.
    public init(prefix: String, timeout: Duration) {
        self.prefix = prefix
        self.timeout = timeout
    }

    /// The text that ``parse(_:)`` reads back.
    public var description: String { "\(prefix)=\(DurationText.text(timeout))" }

    /// Reads `PREFIX=TIME`; the last `=` counts, since a path may contain some.
    ///
    /// - Throws: `ValueError` when there is no `=`, the prefix is no path, or the time none of at most a day.
    static func parse(_ text: String) throws(ValueError) -> PathTimeout {
        guard let equals = text.lastIndex(of: "=") else {
            throw ValueError("'\(text)' is not a path and a time", suggestion: "/export=300s")
        }
        let prefix = String(text[..<equals])
        guard Option.isRequestPath(prefix) else {
            throw ValueError("'\(prefix)' is not the beginning of a path", suggestion: "/export=300s")
        }
        let timeout = try DurationText.parse(String(text[text.index(after: equals)...]))
        guard timeout >= .zero, timeout <= Option.longestDuration else {
            throw ValueError("'\(text)': the time is not between 0s and 24h")
        }
        return PathTimeout(prefix: prefix, timeout: timeout)
    }
}
