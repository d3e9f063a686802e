extension Option {
    /// The control plane.
    static let adminOptions: [Option] = [
        .single(
            "admin",
            .address,
            "ADDRESS",
            in: .admin,
            summary: "HOST:PORT of /healthz, /readyz, /status and /metrics, or off",
            discussion: """
                Off, because whoever reaches it sees what the server does. The same is always on `admin-socket`. It \
                has a thread of its own and answers when the app does not.
                """,
            read: { value, base, configuration throws(ValueError) in
                if value == "off" {
                    configuration.admin.address = nil
                    return
                }
                let address = try BindAddress.parse(value, base: base)
                guard case .tcp = address else {
                    throw ValueError("'\(value)' is a Unix socket", suggestion: "admin-socket for a path")
                }
                configuration.admin.address = address
            },
            text: { $0.admin.address?.description ?? "off" }
        ),
        Option(
            "admin-hosts",
            .text,
            "LIST",
            in: .admin,
            repeatable: true,
            summary: "names by which the admin address is asked",
            discussion: """
                Separated by commas, `*` for any. Addresses, names without a dot, `*.local` and `*.internal` are let in \
                anyway; a request under another name is answered 421, because it may come from a page that has its name \
                point here (DNS rebinding).
                """,
            read: { values, _, configuration throws(ValueError) in
                let names = values.flatMap { $0.split(separator: ",") }.map { String($0.filter { $0 != " " }) }
                for name in names where name.isEmpty || name.contains(where: { ":/[]".contains($0) }) {
                    throw ValueError("'\(name)' is no name of a host", suggestion: "metrics.example, without a port")
                }
                configuration.admin.hosts = names
            },
            texts: { $0.admin.hosts }
        ),
        .single(
            "admin-socket",
            .text,
            "PATH",
            in: .admin,
            automatically: "`$XDG_RUNTIME_DIR/roost/PORT.sock`, else `/tmp/roost-UID/PORT.sock`",
            summary: "path of the Unix socket that roost status uses, or none",
            discussion: "Only the user who runs the server can connect.",
            read: { value, base, configuration throws(ValueError) in
                if value == "none" {
                    configuration.admin.socket = nil
                    return
                }
                let path = value.hasPrefix("unix:") ? String(value.dropFirst("unix:".count)) : value
                configuration.admin.socket = try BindAddress.socketPath(path, base: base)
            },
            text: { $0.admin.socket ?? "none" }
        ),
    ]
}
