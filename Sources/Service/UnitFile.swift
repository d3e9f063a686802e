/// What systemd is told about one app that Roost serves: the text of its service and its socket unit.
///
/// A pure value: what is looked up on the machine is put in from outside.
public struct UnitFile: Sendable, Equatable {
    /// The unit's name, without `.service`; its runtime directory and admin socket are named after it.
    public var name: String
    /// The user that the app runs as.
    public var user: String
    /// The group; nil for the user's own.
    public var group: String?
    /// The `roost` to run.
    public var program: String
    /// The working directory: the app's.
    public var directory: String
    /// What follows `roost serve`.
    public var arguments: [String]
    /// The admin socket, where it is not the service's own.
    public var adminSocket: String?
    /// What is listened on, as `ListenStream=` has it.
    public var addresses: [String]
    /// Whether a port is below 1024.
    public var needsLowPort: Bool
    /// Directories that the server writes in.
    public var writable: [String]
    /// Paths that are read from: the interpreter, as it is named and where its link leads, and others.
    public var read: [String]
    /// How long the end may take, in seconds.
    public var gracefulSeconds: Int

    /// Creates the value.
    public init(name: String, user: String, program: String, directory: String, arguments: [String]) {
        self.name = name
        self.user = user
        self.program = program
        self.directory = directory
        self.arguments = arguments
        addresses = []
        needsLowPort = false
        writable = []
        read = []
        gracefulSeconds = 30
    }

    /// Whether systemd takes `name` for a unit; templates are not meant.
    public static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 200 && !name.hasPrefix("-") && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "_-.".utf8.contains(byte)
                }
            }
    }

    /// The paths below what `ProtectHome=yes` hides.
    public var inHomes: [String] {
        ([program, directory] + read).filter { path in
            ["/home", "/root", "/run/user"].contains { path == $0 || path.hasPrefix($0 + "/") }
        }
    }

    /// The service unit.
    public var service: String {
        let admin = adminSocket ?? "/run/roost-\(name)/admin.sock"
        let isReadable = !inHomes.isEmpty
        let capability = needsLowPort ? "CAP_NET_BIND_SERVICE" : ""
        var lines = [
            "# Made by: roost service \(name). Save as /etc/systemd/system/\(name).service, then:",
            "#   systemctl daemon-reload && systemctl enable --now \(name).service",
            "",
            "[Unit]",
            "Description=\(name), served by Roost",
            "# Taken where it is installed (roost service --socket); without it the service listens by itself.",
            "Wants=\(name).socket",
            "After=network.target \(name).socket",
            "",
            "[Service]",
            "Type=notify",
            "NotifyAccess=main",
            "WatchdogSec=30",
            "ExecStart=" + Self.command([program, "serve"] + arguments),
            "ExecReload=" + Self.command([program, "reload"]),
            "WorkingDirectory=\(Self.specifiersEscaped(directory))",
            "User=\(user)",
        ]
        if let group { lines.append("Group=\(group)") }
        lines += [
            "",
            "# Of this service alone. For `roost status` and the others: the same variable, or --admin-socket.",
            "RuntimeDirectory=roost-\(name)",
            "RuntimeDirectoryMode=0700",
            "Environment=" + Self.quoted("ROOST_ADMIN_SOCKET=\(admin)", variables: false),
            "",
            "KillMode=mixed",
            "TimeoutStartSec=3min",
            "TimeoutStopSec=\(gracefulSeconds + 30)",
            "Restart=on-failure",
            "RestartSec=1",
            "LimitNOFILE=1024:65536",
            "",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
        ]
        if isReadable { lines.append("# Read from below a home: \(inHomes.joined(separator: ", "))") }
        lines.append("ProtectHome=" + (isReadable ? "read-only" : "yes"))
        if writable.isEmpty { lines.append("# Where the app writes: ReadWritePaths=") }
        for path in writable { lines.append("ReadWritePaths=" + Self.quoted("-" + path, variables: false)) }
        lines += [
            "PrivateTmp=yes", "PrivateDevices=yes", "ProtectKernelTunables=yes", "ProtectKernelModules=yes",
            "ProtectKernelLogs=yes", "ProtectControlGroups=yes", "ProtectClock=yes", "ProtectHostname=yes",
            "RestrictSUIDSGID=yes", "RestrictRealtime=yes", "RestrictNamespaces=yes",
            "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK", "LockPersonality=yes",
            "SystemCallArchitectures=native", "CapabilityBoundingSet=\(capability)",
        ]
        if needsLowPort { lines.append("AmbientCapabilities=\(capability)") }
        lines += ["UMask=0027", "", "[Install]", "WantedBy=multi-user.target"]
        return lines.joined(separator: "\n") + "\n"
    }

    /// The socket unit.
    public var socket: String {
        let lines =
            [
                "# Made by: roost service \(name) --socket. Save as /etc/systemd/system/\(name).socket, then:",
                "#   systemctl daemon-reload && systemctl enable --now \(name).socket",
                "",
                "[Unit]",
                "Description=Address of \(name), served by Roost",
                "",
                "[Socket]",
            ] + addresses.map { "ListenStream=\(Self.specifiersEscaped($0))" } + [
                "Backlog=2048", "NoDelay=yes", "", "[Install]", "WantedBy=sockets.target",
            ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// A command line as `ExecStart=` reads it.
    static func command(_ words: [String]) -> String {
        words.map { quoted($0, variables: true) }.joined(separator: " ")
    }

    /// A word as systemd reads it; `variables` where a dollar sign would stand for one.
    static func quoted(_ word: String, variables: Bool) -> String {
        let isPlain = word.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && !"\"'\\;".utf8.contains($0) }
        var text = ""
        for character in word.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case "%": text += "%%"
            case "$" where variables: text += "$$"
            default: text.unicodeScalars.append(character)
            }
        }
        return isPlain && !word.isEmpty ? text : "\"\(text)\""
    }

    /// A value that is taken as it is, but for `%`.
    static func specifiersEscaped(_ text: String) -> String {
        text.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
    }
}
