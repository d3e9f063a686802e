extension Option {
    /// What helps while an app is being written.
    static let developmentOptions: [Option] = [
        .boolean(
            "reload",
            \.development.reloads,
            in: .development,
            summary: "follow changes of the code: not for production",
            discussion: """
                Watches every `*.py` below `app-dir`, and has new workers take over when one has changed. Code that \
                does not start is shown in the terminal and in the page, and the old code serves on. One process \
                unless `processes` says otherwise, a short `drain-timeout`, and the app is not told of \
                `Accept-Encoding`.
                """
        ),
        .patterns(
            "reload-include",
            \.development.includes,
            summary: "files that count as code besides *.py, such as *.html",
            discussion: """
                A pattern without a slash is about the name of a file anywhere (`*.yaml`, `.env`), one with a slash \
                about the path below the watched directory (`templates/**/*.html`). Hidden directories, \
                `node_modules`, virtual environments and the like are never looked into.
                """
        ),
        .patterns(
            "reload-exclude",
            \.development.excludes,
            summary: "files and directories that do not count, such as tests",
            discussion: "Patterns as for `reload-include`; a directory that matches is left out with all that is in it."
        ),
        Option(
            "reload-dir",
            .text,
            "DIR",
            in: .development,
            repeatable: true,
            summary: "directory watched besides app-dir",
            discussion: "For code that is imported from elsewhere, such as a library that is developed beside the app.",
            read: { values, base, configuration throws(ValueError) in
                guard values != ["none"] else { return configuration.development.directories = [] }
                for value in values where value.isEmpty { throw ValueError("is empty") }
                configuration.development.directories = values.map { PathText.absolute($0, base: base) }
            },
            texts: { $0.development.directories }
        ),
    ]

    /// Patterns of paths, any number of them; `none` alone for none.
    private static func patterns(
        _ name: String,
        _ place: Place<[String]>,
        summary: String,
        discussion: String
    ) -> Option {
        Option(
            name,
            .text,
            "GLOB",
            in: .development,
            repeatable: true,
            summary: summary,
            discussion: discussion,
            read: { values, _, configuration throws(ValueError) in
                guard values != ["none"] else { return configuration[keyPath: place] = [] }
                for value in values where value.allSatisfy({ $0 == "/" || $0 == "." }) {
                    throw ValueError("'\(value)' is no pattern of a file", suggestion: "*.html")
                }
                configuration[keyPath: place] = values
            },
            texts: { $0[keyPath: place] }
        )
    }
}
