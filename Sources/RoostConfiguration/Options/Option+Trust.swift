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
                Whose forwarding fields count (which, says `forwarded-headers`): addresses, networks \
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
        .choice(
            "forwarded-headers",
            \.trust.forwardedHeaders,
            in: .trust,
            metavariable: "WHICH",
            summary: "which of their fields count",
            discussion: """
                `x-forwarded`: `X-Forwarded-For`, `-Proto` (else `-Protocol`, else `-Ssl`) and `-Host`, which nginx, \
                Caddy, Traefik, HAProxy and the cloud load balancers write; `Forwarded` is not looked at. \
                `forwarded`: the other way round, for a proxy that writes RFC 7239. `agreeing`: both, and a request whose \
                fields contradict each other is answered 400.
                """
        ),
        .boolean(
            "forwarded-port",
            \.trust.readsForwardedPort,
            in: .trust,
            summary: "X-Forwarded-Port counts too",
            discussion: """
                Its port is added to a Host that names none, unless it is the scheme's own. For a proxy that listens on \
                another port than 80 and 443 and passes Host on without it; only where the proxy always sets the field, \
                for others let their clients' pass.
                """
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
