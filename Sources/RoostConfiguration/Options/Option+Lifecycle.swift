extension Option {
    /// How workers make room for others.
    static let lifecycleOptions: [Option] = [
        .duration(
            "drain-timeout",
            \.lifecycle.drainTimeout,
            atLeast: .zero,
            in: .lifecycle,
            summary: "time for running requests in a replaced worker",
            discussion: """
                After a reload, a recycle or a smaller number of processes, the old worker gets no new requests and \
                finishes those it has; what has not been answered then is cut. At SIGTERM `graceful-timeout` counts \
                instead.
                """
        ),
        .integer(
            "max-threads",
            \.lifecycle.maximumThreads,
            1...256,
            in: .lifecycle,
            automatically: "`threads`, or 16 when that is more",
            summary: "threads a worker can be scaled up to while it runs",
            discussion: """
                Room for that many threads is reserved in the memory that front and worker share; it costs nothing \
                until it is used. Threads beyond `threads` are started when they are first wanted.
                """
        ),
        .integer(
            "max-requests",
            \.lifecycle.maximumRequests,
            0...1_000_000_000,
            in: .lifecycle,
            summary: "requests after which a worker is replaced; 0 for never",
            discussion: """
                Against memory that an app or one of its libraries leaks. One worker at a time, and only once its \
                successor is ready: no request waits for it. Not used for an app whose sessions live in a worker \
                (Streamlit and others).
                """
        ),
        .integer(
            "max-requests-jitter",
            \.lifecycle.maximumRequestsJitter,
            0...1_000_000_000,
            in: .lifecycle,
            automatically: "a tenth of `max-requests`",
            summary: "most requests added to max-requests at random",
            discussion: "So that workers that started together are not due together."
        ),
        .single(
            "max-rss",
            .size,
            "SIZE",
            in: .lifecycle,
            summary: "memory beyond which a worker is replaced; 0 for any",
            discussion: """
                The resident memory of the worker's process, looked at every two seconds; of several workers beyond it \
                the largest goes first, and its successor is ready before it goes. For a moment there is one worker \
                more than usual: leave room for it.
                """,
            read: { value, _, configuration throws(ValueError) in
                let count = try ByteCount.parse(value)
                guard count.bytes == 0 || count >= .mebibytes(1) else {
                    throw ValueError("\(value) is less than any Python needs", suggestion: "512MiB")
                }
                configuration.lifecycle.maximumMemory = count.bytes == 0 ? nil : count
            },
            text: { $0.lifecycle.maximumMemory?.description ?? "0" }
        ),
        .single(
            "max-lifetime",
            .duration,
            "TIME",
            in: .lifecycle,
            summary: "age at which a worker is replaced; 0 for never",
            discussion: """
                Less up to a tenth at random, so that workers that started together are not due together. For apps \
                that collect what no other limit sees, such as connections or caches.
                """,
            read: { value, _, configuration throws(ValueError) in
                let duration = try DurationText.parse(value)
                guard duration == .zero || duration >= .seconds(1), duration <= .seconds(31 * 86_400) else {
                    throw ValueError("\(value) is neither 0 nor between 1s and 744h")
                }
                configuration.lifecycle.maximumLifetime = duration
            },
            text: { DurationText.text($0.lifecycle.maximumLifetime) }
        ),
    ]
}
