/// What `roost serve --help` prints.
public enum HelpPage {
    /// Whether a command line asks for help, before a `--`.
    public static func isAskedFor(by arguments: [String]) -> Bool {
        arguments.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
    }

    /// The short help of a command such as `serve`: every option in one line, by group, without a final line break.
    public static func text(command: String) -> String {
        var lines = [
            "Usage: roost \(command) TARGET [options]",
            "",
            "Serves a WSGI or ASGI app, or a Streamlit script: one front door, one bounded queue,",
            "P processes x T threads.",
        ]
        for group in Option.Group.allCases {
            lines += ["", "\(group.rawValue):"]
            for option in OptionTable.all where option.group == group { lines += helpLines(option) }
        }
        lines += [
            "",
            "TIME is seconds, or 500ms, 30s, 2m, 1h; SIZE is bytes, or 64KiB, 10MB, 1G.",
            "Each option is also a key of roost.toml or [tool.roost] of pyproject.toml, and a",
            "variable ROOST_NAME; flags win over variables, variables over files.",
            "roost config shows each value and where it came from.",
        ]
        if command == "serve" {
            lines.append("roost serve --check ... tries the configuration and the app's import, and ends.")
        }
        return lines.joined(separator: "\n")
    }

    /// Everything there is to say about one option, by name, flag or variable, or `nil` when there is none such.
    public static func text(of name: String) -> String? {
        guard
            let option = OptionTable.option(named: name) ?? OptionTable.option(flag: name)
                ?? OptionTable.option(environmentName: name)
        else { return nil }
        return [
            heading(option), "  \(option.summary)", "", option.discussion, "",
            "Default: \(option.defaultText)" + (option.automaticRule.map { " (\($0))" } ?? ""),
        ].joined(separator: "\n")
    }

    private static let summaryColumn = 29

    private static func heading(_ option: Option) -> String {
        guard option.sources.contains(.flag) else { return option.metavariable }
        let short = option.short.map { "-\($0), " } ?? ""
        let flag = option.kind == .boolean ? "--[no-]\(option.name)" : "--\(option.name) \(option.metavariable)"
        return short + flag
    }

    private static func helpLines(_ option: Option) -> [String] {
        let heading = "  " + heading(option)
        var summary = option.summary
        if option.sources.contains(.flag), option.defaultText != "none" { summary += " [\(option.defaultText)]" }
        if heading.count + 2 > summaryColumn {
            return [heading, String(repeating: " ", count: summaryColumn) + summary]
        }
        return [heading.padded(to: summaryColumn) + summary]
    }
}
