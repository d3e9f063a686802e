extension Option {
    /// The app and its interpreter.
    static let applicationOptions: [Option] = [
        .single(
            "target",
            .text,
            "TARGET",
            in: .application,
            from: [.argument, .environment, .file],
            summary: "module:attribute, module:factory(), module, or file.py[:attribute]",
            discussion: """
                The Python object to serve. Without an attribute, `application`, `app` and `server` are tried in this \
                order: the names Django and gunicorn, Flask, and Dash use. A factory is called with the arguments \
                given, which are literals: `'shop:create_app("prod", debug=False)'`. A file is looked for in the working directory, then in `app-dir`; a Streamlit script is served as it is.
                """,
            read: { value, base, configuration throws(ValueError) in
                configuration.application.target = try AppTarget.parse(value, base: base)
            },
            text: { $0.application.target?.description ?? "none" }
        ),
        .single(
            "config",
            .text,
            "FILE",
            in: .application,
            short: "c",
            from: [.flag, .environment],
            summary: "read FILE instead of ./roost.toml or ./pyproject.toml",
            discussion: """
                A file named `pyproject.toml` is read for its table `[tool.roost]`, any other file for its top level. \
                Relative paths in a file start from the file's own directory.
                """,
            // Found and used before the options are read: it decides which file that is.
            read: { _, _, _ throws(ValueError) in },
            text: { _ in "none" }
        ),
        .single(
            "app-dir",
            .text,
            "DIR",
            in: .application,
            aliases: ["chdir"],
            automatically: "the working directory",
            summary: "directory the app is imported from",
            discussion: """
                Comes first on the app's `sys.path`. The working directory itself does not change.
                """,
            read: { value, base, configuration throws(ValueError) in
                guard !value.isEmpty else { throw ValueError("is empty") }
                configuration.application.directory = PathText.absolute(value, base: base)
            },
            text: { $0.application.directory }
        ),
        .single(
            "python",
            .text,
            "PATH",
            in: .application,
            automatically: "the active virtual environment's, else that of `./.venv`, else `python3` on `PATH`",
            summary: "interpreter of the workers",
            discussion: """
                The app runs in this interpreter, with the packages installed for it. A name without a slash is looked \
                up on `PATH`. CPython 3.9 or later.
                """,
            read: { value, base, configuration throws(ValueError) in
                guard !value.isEmpty else { throw ValueError("is empty") }
                configuration.application.python = value.contains("/") ? PathText.absolute(value, base: base) : value
            },
            text: { $0.application.python }
        ),
        .single(
            "warm-up",
            .text,
            "PATH",
            in: .application,
            summary: "path a new worker answers once before traffic, or none",
            discussion: """
                A worker gets this one request alone, and traffic when it has answered. Dash fills its registries in \
                its first request and answers 500 to others that come meanwhile (plotly/dash#3971). Any status counts \
                as an answer.
                """,
            read: { value, _, configuration throws(ValueError) in
                guard value == "none" || isRequestPath(value) else {
                    throw ValueError("'\(value)' is not a path", suggestion: "/ or none")
                }
                configuration.application.warmUpPath = value == "none" ? nil : value
            },
            text: { $0.application.warmUpPath ?? "none" }
        ),
        .single(
            "warm-up-host",
            .text,
            "NAME",
            in: .application,
            summary: "Host of the warm-up request, or auto",
            discussion: """
                With `auto` it is the name of the first address that the server listens on, and for a Django app whose \
                `ALLOWED_HOSTS` has no `*`, a name of that list: for another host Django would log a `DisallowedHost` \
                at each start.
                """,
            read: { value, _, configuration throws(ValueError) in
                guard value == "auto" || isHost(value) else {
                    throw ValueError("'\(value)' is no host", suggestion: "a name such as shop.example, or auto")
                }
                configuration.application.warmUpHost = value == "auto" ? nil : value
            },
            text: { $0.application.warmUpHost ?? "auto" }
        ),
        Option(
            "script-arguments",
            .text,
            "-- ARGUMENT...",
            in: .application,
            repeatable: true,
            from: [.argument, .file],
            summary: "what a script finds in sys.argv, written behind --",
            discussion: """
                Everything behind `--` on the command line: `roost serve dashboard.py -- --region north`. A Streamlit \
                script gets it as from `streamlit run`, and any other app finds it in `sys.argv` behind the target.
                """,
            read: { values, _, configuration throws(ValueError) in
                // They travel in one variable of the worker's environment.
                guard values.reduce(0, { $0 + $1.utf8.count + 1 }) <= 32 << 10 else {
                    throw ValueError("are longer than 32 KiB together")
                }
                configuration.application.scriptArguments = values
            },
            texts: { $0.application.scriptArguments }
        ),
    ]

    /// Whether a text can be a Host field: visible ASCII of names, addresses and ports.
    private static func isHost(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default:
                    "-._:[]".utf8.contains(byte)
                }
            }
    }
}
