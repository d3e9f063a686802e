internal import PathSafety

/// Who may connect to a Unix socket: its owner, group and mode, where they are not to be as the system makes them.
public struct SocketAccess: Sendable, Equatable {
    /// The number of the user who is to own the socket.
    public var owner: UInt32?
    /// The number of its group.
    public var group: UInt32?
    /// Its permissions.
    public var mode: UInt32?

    /// Creates the value.
    public init(owner: UInt32? = nil, group: UInt32? = nil, mode: UInt32? = nil) {
        (self.owner, self.group, self.mode) = (owner, group, mode)
    }

    /// Gives this access to the socket at `path`, which was bound by us and does not listen yet.
    ///
    /// - Returns: the errno of what failed.
    func failure(for path: String) -> Int32? {
        guard self != SocketAccess() else { return nil }
        let identity = PathLook.Identity(of: path)
        let code = Giving.socket(at: path, identity, owner: owner, group: group, mode: mode)
        return code == 0 ? nil : code
    }
}
