extension Option {
    /// Requests that run: how long they may, and what becomes of those whose worker ends.
    static let requestOptions: [Option] = [
        .duration(
            "request-timeout",
            \.requests.timeout,
            atLeast: .zero,
            in: .requests,
            summary: "longest run of a request in the app; 0 for no limit",
            discussion: """
                Counts from the moment a thread takes the request; what it waited before is `queue-timeout`'s. When it is \
                over the client is answered 504, and `roost.RequestTimeout` is raised in that one thread. Off by default: \
                only the app's author knows which of its requests may take long. An app can put its own deadline off with \
                `roost.extend_deadline(seconds)`.
                """
        ),
        Option(
            "request-timeout-paths",
            .text,
            "PREFIX=TIME",
            in: .requests,
            repeatable: true,
            summary: "another request-timeout below a path; repeatable",
            discussion: """
                `/export=300s` gives paths that begin with `/export` five minutes, `/stream=0` those below `/stream` no \
                limit. The longest prefix that fits wins; other paths have `request-timeout`.
                """,
            read: { values, _, configuration throws(ValueError) in
                var paths: [PathTimeout] = []
                if values != ["none"] {
                    for value in values { paths.append(try PathTimeout.parse(value)) }
                }
                configuration.requests.pathTimeouts = paths
            },
            texts: { $0.requests.pathTimeouts.map(\.description) }
        ),
        .duration(
            "request-timeout-grace",
            \.requests.timeoutGrace,
            atLeast: .milliseconds(100),
            in: .requests,
            summary: "time for an interrupted request to give its thread back",
            discussion: """
                A thread that has not come back then is stuck, in C code for instance that never returns: the log shows its \
                stack, and its worker is replaced, the replacement first.
                """
        ),
        .choice(
            "retry",
            \.requests.retry,
            in: .requests,
            metavariable: "WHICH",
            summary: "which requests run again when their worker ends: safe or none",
            discussion: """
                `safe`: GET, HEAD, OPTIONS and what the app has marked with `roost.mark_idempotent()` are given to another \
                worker, once, if no byte of a response was sent. All others are answered 502. Requests that no thread had \
                begun go to another worker in either case.
                """
        ),
    ]
}
