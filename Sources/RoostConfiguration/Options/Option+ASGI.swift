extension Option {
    /// How the app is called, and event loops.
    static let asgiOptions: [Option] = [
        .choice(
            "interface",
            \.asgi.interface,
            in: .asgi,
            metavariable: "WORD",
            summary: "how the app is called: auto, wsgi or asgi",
            discussion: """
                An app that is a coroutine function, or an object whose `__call__` is one, is ASGI; any other callable \
                is WSGI. Say it where that goes wrong, such as for a decorated app.
                """
        ),
        .integer(
            "concurrency",
            \.asgi.concurrency,
            1...10_000,
            in: .asgi,
            summary: "requests that an ASGI worker has at once",
            discussion: """
                What comes beyond waits in the request queue, under its rules. An event loop holds hundreds of \
                requests that wait for something, but each of them takes memory, up to 512 KiB of it for a client \
                that reads slowly; and whatever the app itself queues (threads for code that blocks, connections of \
                a pool) only gets longer. Raise it for an app whose clients stay: server-sent events, long polling. \
                WebSockets count only until they are accepted.
                """
        ),
        .choice(
            "event-loop",
            \.asgi.eventLoop,
            in: .asgi,
            metavariable: "WORD",
            summary: "event loop of an ASGI worker: auto, uvloop or asyncio",
            discussion: """
                `auto` takes uvloop where it is installed beside the app, and asyncio's own loop elsewhere.
                """
        ),
    ]
}
