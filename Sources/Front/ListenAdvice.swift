internal import Glibc

extension FrontError {
    /// Creates the error for what the system said to an address, with what to do about just that.
    ///
    /// - Parameters:
    ///   - listener: What was tried.
    ///   - code: What `errno` said.
    ///   - holder: Who listens there already, where that can be seen.
    init(_ listener: FrontConfiguration.Listener, code: Int32, holder: PortHolder? = nil) {
        var reason = String(cString: strerror(code))
        if code == EADDRINUSE, let holder { reason += ": \(holder.description) listens there" }
        self.init(listener: listener, reason: reason, advice: Self.advice(listener, code, holder))
    }

    private static func advice(
        _ listener: FrontConfiguration.Listener,
        _ code: Int32,
        _ holder: PortHolder?
    ) -> String? {
        switch (listener, code) {
        case (.tcp(_, let port), EADDRINUSE):
            if let holder { return "another port with --bind, or end that process: kill \(holder.pid)" }
            return "another port with --bind, or end what listens there: `ss -ltnp 'sport = :\(port)'` names it to root"
        case (.tcp, EACCES), (.tcp, EPERM):
            return "a port from 1024 on with --bind, or the right to this one: root with --user NAME, or "
                + "AmbientCapabilities=CAP_NET_BIND_SERVICE in a unit of systemd"
        case (.tcp, EADDRNOTAVAIL):
            return "an address of this machine with --bind (`ip address` lists them), or 0.0.0.0 for all it has"
        case (.tcp, EAFNOSUPPORT):
            return "an IPv4 address with --bind, such as 127.0.0.1: this system has no IPv6"
        case (.unix, EACCES), (.unix, EPERM), (.unix, EROFS):
            return "a path with --bind in a directory that this user may write to"
        case (.unix, ENOENT), (.unix, ENOTDIR):
            return "create the directory, or another path with --bind"
        case (_, EMFILE), (_, ENFILE):
            return "a higher limit of open files (ulimit -n)"
        default:
            return nil
        }
    }
}
