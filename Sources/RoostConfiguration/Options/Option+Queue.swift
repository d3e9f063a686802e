extension Option {
    /// The request queue.
    static let queueOptions: [Option] = [
        .integer(
            "queue-limit",
            \.queue.limit,
            0...1_000_000,
            in: .queue,
            automatically: "12 for each thread of each process, at least 100",
            summary: "most requests waiting for a thread",
            discussion: """
                Beyond it a request is answered 503 at once. A page of a dashboard is a burst of a dozen requests, \
                so a bound of a few per thread refuses parts of pages on a server that is not even busy; without a \
                bound an overloaded server answers everybody too late. 0 refuses whatever finds no idle thread.
                """
        ),
        .duration(
            "queue-timeout",
            \.queue.timeout,
            in: .queue,
            summary: "longest wait for a thread",
            discussion: """
                A request that has waited longer is answered 503 and never reaches the app. What a proxy's \
                `X-Request-Start` shows counts too. It bounds waiting only: a request that runs is not interrupted.
                """
        ),
        .prefixes(
            "critical",
            \.queue.criticalPrefixes,
            in: .queue,
            summary: "path prefix that goes before the others; repeatable",
            discussion: """
                For requests that must get through when the server is busy, such as a log-in or a payment.
                """
        ),
        .prefixes(
            "sheddable",
            \.queue.sheddablePrefixes,
            in: .queue,
            summary: "path prefix that is shed first; repeatable",
            discussion: """
                For requests nobody misses, such as prefetches and polls. They wait behind the others and are refused \
                first.
                """
        ),
    ]
}
