extension Option {
    /// Who may connect to the Unix sockets among the addresses.
    static let bindAccessOptions: [Option] = [
        .single(
            "bind-mode",
            .text,
            "MODE",
            in: .listening,
            summary: "permissions of Unix sockets, in octal, or none",
            discussion: """
                Whoever may write to the socket may connect: `660` with `--bind-group` lets a proxy in and nobody else. \
                Without it the process's umask decides. A socket that the service manager passes on has those of its \
                unit (`SocketMode=`).
                """,
            read: { value, _, configuration throws(ValueError) in
                configuration.service.bindMode = value == "none" ? nil : try SocketMode.parse(value)
            },
            text: { $0.service.bindMode.map(SocketMode.text) ?? "none" }
        ),
        .single(
            "bind-group",
            .text,
            "GROUP",
            in: .listening,
            summary: "group of Unix sockets, or none",
            discussion: "A name or a number; one that the user is in, unless the server is started as root.",
            read: { value, _, configuration throws(ValueError) in
                guard !value.isEmpty, value.unicodeScalars.allSatisfy({ $0 != "\0" && $0 != ":" && $0 != "/" }) else {
                    throw ValueError("'\(value)' is no name", suggestion: "www-data")
                }
                configuration.service.bindGroup = value == "none" ? nil : value
            },
            text: { $0.service.bindGroup ?? "none" }
        ),
    ]
}

/// The permissions of a Unix socket, as `chmod(1)` takes them.
enum SocketMode {
    /// Reads three octal digits, with or without the prefix `0o` or `0`.
    static func parse(_ text: String) throws(ValueError) -> UInt32 {
        let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
        guard (3...4).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
            let mode = UInt32(digits, radix: 8), mode <= 0o777
        else { throw ValueError("'\(text)' is no mode", suggestion: "660") }
        guard mode & 0o200 != 0 else {
            throw ValueError("'\(text)' lets not even the server's own user connect", suggestion: "660")
        }
        return mode
    }

    /// Three octal digits.
    static func text(_ mode: UInt32) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 3 - digits.utf8.count)) + digits
    }
}
