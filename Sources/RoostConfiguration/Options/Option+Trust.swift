extension Option {
    /// Proxies in front.
    static let trustOptions: [Option] = [
        Option(
            "forwarded-allow-ips",
            .text,
            "LIST",
            in: .trust,
            repeatable: true,
            summary: "peers believed about the client's address",
            discussion: """
                Whose `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded` count: addresses, networks \
                (`10.0.0.0/8`), `unix` for Unix sockets, `*` for everybody, `none` for nobody; \
                separated by commas. A client that is not on the list cannot choose its own address. `*` is right \
                only where nobody but the proxy can connect.
                """,
            read: { values, _, configuration throws(ValueError) in
                let entries = values.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
                    .map { String($0.filter { $0 != " " }) }
                if entries == ["none"] {
                    configuration.trust.forwardedAllowIPs = []
                    return
                }
                for entry in entries where entry != "*" && entry != "unix" && !IPText.isAddressOrNetwork(entry) {
                    throw ValueError(
                        "'\(entry)' is neither an IP address nor a network",
                        suggestion: "10.0.0.0/8, ::1, unix, * or none"
                    )
                }
                configuration.trust.forwardedAllowIPs = entries
            },
            texts: { $0.trust.forwardedAllowIPs }
        ),
        .boolean(
            "proxy-protocol",
            \.trust.expectsProxyProtocol,
            in: .trust,
            summary: "expect a PROXY protocol header on each connection",
            discussion: """
                Version 1 or 2, from the peers of `forwarded-allow-ips`; a connection without it is closed. For load \
                balancers that pass TCP on (HAProxy `send-proxy`, AWS NLB).
                """
        ),
    ]
}
