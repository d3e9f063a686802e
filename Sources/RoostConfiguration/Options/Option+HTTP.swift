extension Option {
    /// Limits and timeouts of HTTP.
    static let httpOptions: [Option] = [
        .integer(
            "max-connections",
            \.http.maximumConnections,
            1...1_000_000,
            in: .http,
            aliases: ["worker-connections"],
            automatically: "half of the file descriptors this process can have, at most 20000",
            summary: "most connections at once",
            discussion: """
                More wait in the kernel's backlog. A connection needs a descriptor, and perhaps a second one for a \
                spool file.
                """
        ),
        .duration(
            "keep-alive",
            \.http.keepAlive,
            atLeast: .zero,
            in: .http,
            summary: "how long an idle connection stays open",
            discussion: """
                Longer than the 60 s after which load balancers (AWS, nginx) drop their idle connections: a server \
                that closes first answers their next request with a reset, seen as a 502. 0 closes after each response.
                """
        ),
        .duration(
            "header-timeout",
            \.http.headerTimeout,
            in: .http,
            summary: "time for a whole request head",
            discussion: """
                Counts from the request's first byte, and is answered 408. A head is a few packets: 15 s lets each of \
                them be lost twice, and ends a client that trickles.
                """
        ),
        .size(
            "body-rate",
            \.http.minimumBodyRate,
            ByteCount(bytes: 0)...ByteCount.gibibytes(1),
            "BYTES/S",
            in: .http,
            summary: "least bytes of body a second; 0 for any",
            discussion: """
                A slower client is answered 408, once `body-grace` is over. 240 bytes a second, the default of \
                Kestrel, is less than any modem, and bounds how long a trickling client holds a connection. No thread \
                of Python waits for a body.
                """
        ),
        .duration(
            "body-grace",
            \.http.bodyGrace,
            atLeast: .zero,
            in: .http,
            summary: "how long a body may be slower than body-rate",
            discussion: "For the first bytes after a pause: a phone that changes its network."
        ),
        .duration(
            "write-stall-timeout",
            \.http.writeStallTimeout,
            in: .http,
            summary: "how long a client may take no byte of its response",
            discussion: """
                A client that reads slowly is fine, one that stopped reading is disconnected. No thread of Python \
                waits for a client.
                """
        ),
        .size(
            "max-header-bytes",
            \.http.maximumHeaderBytes,
            ByteCount.kibibytes(1)...ByteCount.mebibytes(1),
            in: .http,
            summary: "longest request head",
            discussion: "Answered 431. Four times nginx's buffer; single sign-on cookies need 8 to 16 KiB."
        ),
        .integer(
            "max-header-count",
            \.http.maximumHeaderCount,
            1...1_000,
            in: .http,
            aliases: ["limit-request-fields"],
            summary: "most fields of a request head",
            discussion: "Answered 431. As gunicorn, Envoy and HAProxy; browsers send about 20."
        ),
        .size(
            "max-target-bytes",
            \.http.maximumTargetBytes,
            ByteCount(bytes: 64)...ByteCount.mebibytes(1),
            in: .http,
            aliases: ["limit-request-line"],
            summary: "longest request target",
            discussion: "Answered 414. As Apache; RFC 9110 4.1 asks for at least 8000."
        ),
        .single(
            "max-body-bytes",
            .size,
            "SIZE",
            in: .http,
            summary: "longest request body; 0 for any",
            discussion: """
                Answered 413 before the body is read when its length is announced. Generous because bodies wait in \
                files, not in memory, and `dcc.Upload` sends a file as one body, a third longer than it is.
                """,
            read: { value, _, configuration throws(ValueError) in
                let count = try ByteCount.parse(value)
                configuration.http.maximumBodyBytes = count.bytes == 0 ? nil : count
            },
            text: { $0.http.maximumBodyBytes?.description ?? "0" }
        ),
    ]
}
