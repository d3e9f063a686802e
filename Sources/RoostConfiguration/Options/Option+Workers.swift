extension Option {
    /// The worker processes.
    static let workerOptions: [Option] = [
        .integer(
            "processes",
            \.workers.processes,
            1...256,
            in: .workers,
            short: "w",
            aliases: ["workers"],
            automatically: """
                the CPUs this process may use (affinity and cgroup quota), rounded up; at most 8, and at most what \
                three quarters of the memory hold at 150 MiB each; 1 with `reload`
                """,
            summary: "worker processes (P)",
            discussion: """
                One process computes on one CPU at a time, whatever its threads: the Global Interpreter Lock. More \
                processes help an app that computes; each costs the app's memory and its own database connections, \
                and module globals are not shared between them.
                """
        ),
        .integer(
            "threads",
            \.workers.threads,
            1...256,
            in: .workers,
            automatically: "4, or more when it takes more to have 8 in all",
            summary: "threads in each process (T)",
            discussion: """
                A thread is a request being answered. More threads help an app that waits (database, files, other \
                servers); for one that computes they only move the wait from the queue to the interpreter's lock. \
                Four is right for three quarters of waiting, and eight in all let the six requests a browser has in \
                flight run side by side. An app that is not safe in threads needs 1.
                """
        ),
        .duration(
            "switch-interval",
            \.workers.switchInterval,
            in: .workers,
            summary: "how long a thread computes before it lets another have the GIL",
            discussion: """
                Python's own 5 ms make a request that needs microseconds wait that long for every thread that computes \
                beside it. 1 ms costs a few percent of CPU while several threads compute, and nothing otherwise. An \
                app may set it too (`sys.setswitchinterval`), and then has the last word.
                """
        ),
        .duration(
            "startup-timeout",
            \.workers.startupTimeout,
            in: .workers,
            summary: "time for a worker to import the app and warm up",
            discussion: """
                A worker that takes longer is killed and started again. Two minutes are for large packages on a cold \
                disk.
                """
        ),
        .duration(
            "graceful-timeout",
            \.workers.gracefulTimeout,
            atLeast: .zero,
            in: .workers,
            summary: "time for running requests after SIGTERM",
            discussion: """
                What has not been answered then is cut. Whatever sends the signal must have more patience than this: \
                systemd kills after 90 s, but Kubernetes after 30 s (`terminationGracePeriodSeconds`).
                """
        ),
    ]
}
