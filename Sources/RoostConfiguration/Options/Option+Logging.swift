extension Option {
    /// Logs.
    static let loggingOptions: [Option] = [
        .choice(
            "access-log",
            \.logging.accessLog,
            in: .logging,
            automatically: "off, or text when `access-log-file` is given or standard output is a terminal",
            metavariable: "FORMAT",
            summary: "off, text or json: a line for each response",
            discussion: """
                Text is the combined format of Apache and nginx, with queue and service time after it. Logs never hold \
                a request up: lines that cannot be written are dropped and counted.
                """
        ),
        .single(
            "access-log-file",
            .text,
            "PATH",
            in: .logging,
            aliases: ["access-logfile"],
            summary: "where the access log goes; - for standard output",
            discussion: "Appended to.",
            read: { value, base, configuration throws(ValueError) in
                guard !value.isEmpty else { throw ValueError("is empty", suggestion: "-") }
                configuration.logging.accessLogDestination =
                    value == "-" ? .standardOutput : .file(path: PathText.absolute(value, base: base))
            },
            text: { configuration in
                switch configuration.logging.accessLogDestination {
                case .standardOutput: "-"
                case .file(let path): path
                }
            }
        ),
        .choice(
            "app-log",
            \.logging.appLog,
            in: .logging,
            metavariable: "FORM",
            summary: "on, raw or off: what becomes of the app's own lines",
            discussion: """
                `on` makes each line that the app writes to stdout, stderr or `wsgi.errors` a record of the server's log; \
                in JSON logs a line that is a JSON object stands in it untouched, as `app`. `raw` passes lines on byte \
                for byte. `off` leaves only the errors that the app lets out. `log-level` has no say about them.
                """
        ),
        .choice(
            "log-level",
            \.logging.level,
            in: .logging,
            metavariable: "LEVEL",
            summary: "debug, info, notice, warning or error: the least severe line",
            discussion: """
                `info` says what an operator of a healthy server wants to know, `notice` what changed, `warning` what \
                will need somebody, `error` what does now. The app's own lines are not bounded by it: see `app-log`.
                """
        ),
        .choice(
            "log-format",
            \.logging.format,
            in: .logging,
            metavariable: "FORMAT",
            summary: "text or json, on standard error",
            discussion: "JSON is one object a line."
        ),
    ]
}
