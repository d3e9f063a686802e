/// The reference page of all options, `docs/configuration.md`, made from the options themselves.
public enum ReferencePage {
    /// The page in Markdown, with a final line break.
    public static var markdown: String {
        var lines = [introduction]
        for group in Option.Group.allCases {
            lines += ["", "## \(group.rawValue)"]
            for option in OptionTable.all where option.group == group { lines += section(option) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let introduction = """
        # Configuration

        <!-- Made from the options in Sources/RoostConfiguration/Options; a test compares. Change them, not this page. -->

        Every option can be given in three places, the later winning:

        1. a file in the working directory: `roost.toml`, or the table `[tool.roost]` of `pyproject.toml` (not both);
           `--config FILE` names another one;
        2. an environment variable: `ROOST_`, then the name in capitals with `_` for `-`;
        3. a flag of `roost serve`.

        ```toml
        # roost.toml
        target = "shop.wsgi:app"
        bind = ["127.0.0.1:8000", "unix:/run/shop.sock"]
        processes = 2
        threads = 8
        queue-timeout = "20s"
        ```

        `roost config` prints each value and where it came from. An unknown name, a value of the wrong type and values
        that cannot hold together are errors, which name the line, the variable or the flag; the server does not start.

        **Durations** are seconds (`30`, `1.5`) or have a unit: `500ms`, `30s`, `2m`, `1h`. **Sizes** are bytes or have
        a unit: `KiB`, `MiB`, `GiB` and `K`, `M`, `G` count in 1024, `kB`, `MB`, `GB` in 1000. **Repeatable** options
        take an array in a file, several flags, and commas in a variable or a flag; what a later place gives replaces
        all of what an earlier one gave. `auto` asks for the value that is worked out. Relative paths start from the
        working directory, or from the directory of the file that has them. An empty variable counts as absent.
        """

    private static func section(_ option: Option) -> [String] {
        var lines = ["", "### \(option.name)", "", "\(capitalised(option.summary)).", ""]
        var names: [String] = []
        if option.sources.contains(.argument) { names.append("the argument `\(option.metavariable)`") }
        if option.sources.contains(.flag) {
            if option.kind == .boolean {
                names += ["`--\(option.name)`", "`--no-\(option.name)`"]
            } else {
                names += option.flags.map { "`\($0) \(option.metavariable)`" }
            }
        }
        if option.sources.contains(.environment) { names.append("`\(option.environmentName)`") }
        lines.append("- Given as: " + names.joined(separator: ", ") + (option.isRepeatable ? " (repeatable)" : ""))
        if case .choice(let words) = option.kind {
            lines.append("- One of: " + words.map { "`\($0)`" }.joined(separator: ", "))
        }
        lines.append("- Default: `\(option.defaultText)`" + (option.automaticRule.map { ": \($0)" } ?? ""))
        lines += ["", option.discussion]
        return lines
    }

    private static func capitalised(_ text: String) -> String {
        // A summary that begins with something to type keeps its first letter.
        guard let first = text.first, let second = text.dropFirst().first, second.isLetter || second == " ",
            !text.prefix(while: { $0 != " " }).contains(":")
        else { return text }
        return first.uppercased() + text.dropFirst()
    }
}
