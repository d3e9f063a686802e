/// Flags of other servers that are not ours, with what to do instead.
enum ForeignFlags {
    /// What somebody who knows the flag from another server should write, or `nil` for a flag nobody has.
    static func meaning(of flag: String) -> String? {
        meanings[flag]
    }

    private static let meanings = [
        "--timeout": "--request-timeout (running), --queue-timeout (waiting) or --graceful-timeout (stopping)",
        "-t": "--request-timeout (running), --queue-timeout (waiting) or --graceful-timeout (stopping)",
        "--worker-class": "nothing: WSGI or ASGI is found out (or --interface); WSGI has --threads threads",
        "-k": "nothing: WSGI or ASGI is found out (or --interface); WSGI has --threads threads",
        "--host": "--bind HOST:PORT",
        "--port": "--bind HOST:PORT",
        "-p": "--bind HOST:PORT",
        "--listen": "--bind HOST:PORT",
        "--uds": "--bind unix:/path",
        "--backlog": "--queue-limit: requests wait in Roost, where they can be seen",
        "--limit-concurrency": "--processes and --threads, with --queue-limit for those that wait",
        "--channel-timeout": "--keep-alive or --write-stall-timeout",
        "--connection-limit": "--max-connections",
        "--factory": "the call in the target: module:create_app()",
        "--call": "the call in the target: module:create_app()",
        "--certfile": tls,
        "--keyfile": tls,
        "--ca-certs": tls,
        "--cert-reqs": tls,
        "--ssl-certfile": tls,
        "--ssl-keyfile": tls,
        "--ssl-keyfile-password": tls,
        "--ssl-ca-certs": tls,
        "--ssl-certificate": tls,
        "--ssl-version": tls,
    ]

    private static let tls =
        "a proxy in front that speaks TLS (Caddy, nginx), with --trusted-proxies: see docs/deployment.md"
}
