extension Option {
    /// The addresses.
    static let listeningOptions: [Option] = [
        Option(
            "bind",
            .address,
            "ADDRESS",
            in: .listening,
            short: "b",
            repeatable: true,
            summary: "HOST:PORT, :PORT, PORT or unix:/path; repeatable",
            discussion: """
                A bare port listens on 127.0.0.1, `:PORT` on every IPv4 address, `[::]:PORT` on every address. The \
                default is for this machine only, because the app may not be ready for strangers. Port 0 lets the \
                kernel choose.
                """,
            read: { values, base, configuration throws(ValueError) in
                var addresses: [BindAddress] = []
                for value in values {
                    let address = try BindAddress.parse(value, base: base)
                    // Port 0 is another port each time.
                    guard address.port == 0 || !addresses.contains(address) else {
                        throw ValueError("'\(value)' is given twice")
                    }
                    addresses.append(address)
                }
                guard !addresses.isEmpty else { throw ValueError("needs an address", suggestion: "127.0.0.1:8000") }
                configuration.listeners = addresses
            },
            texts: { $0.listeners.map(\.description) }
        )
    ]
}
