extension Option {
    /// The process on its machine.
    static let serviceOptions: [Option] = [
        .single(
            "pid-file",
            .text,
            "PATH",
            in: .service,
            aliases: ["pid", "pidfile"],
            summary: "file with the server's process number, or none",
            discussion: """
                Written when the server accepts, removed when it ends. One that names a process that lives is an \
                error, one that was left over is replaced; anything else that has the name (a link, a FIFO, a file \
                that holds more than a number) is an error and stays. systemd needs none.
                """,
            read: { value, base, configuration throws(ValueError) in
                guard !value.isEmpty, !value.utf8.contains(0) else {
                    throw ValueError("needs a path", suggestion: "none")
                }
                configuration.service.pidFile = value == "none" ? nil : PathText.absolute(value, base: base)
            },
            text: { $0.service.pidFile ?? "none" }
        ),
        name(
            "user",
            \.service.user,
            summary: "user to become when started as root, or none",
            discussion: """
                The addresses are bound as root; the app and all that reads what clients send run as this user, who \
                also opens the access log and the pid file. In directories that only root can change they are made \
                for the user first. A name or a number.
                """
        ),
        name(
            "group",
            \.service.group,
            summary: "group to become when started as root, or none",
            discussion: "The user's own group unless given. A name or a number."
        ),
    ]

    /// The name or number of a user or group.
    private static func name(
        _ name: String,
        _ place: Place<String?>,
        summary: String,
        discussion: String
    ) -> Option {
        single(
            name,
            .text,
            "NAME",
            in: .service,
            summary: summary,
            discussion: discussion,
            read: { value, _, configuration throws(ValueError) in
                guard !value.isEmpty, value.unicodeScalars.allSatisfy({ $0 != "\0" && $0 != ":" && $0 != "/" }) else {
                    throw ValueError("'\(value)' is no name", suggestion: "www-data")
                }
                configuration[keyPath: place] = value == "none" ? nil : value
            },
            text: { $0[keyPath: place] ?? "none" }
        )
    }
}
