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
