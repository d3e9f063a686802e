/// What the server may do with what lies at a path: nil where nothing speaks against it, else what does.
extension PathLook {
    /// Why a socket that nobody answers on may not be removed here.
    public var objectionToReplacingSocket: String? {
        kind == .socket ? nil : "there is \(kind.rawValue), and only a socket that nobody listens on is replaced"
    }

    /// Why a file of ours may not be written, replaced or given away here.
    ///
    /// - Parameter owners: who may own it, or nil for anybody.
    /// - Returns: what speaks against it.
    public func objectionToFile(ownedBy owners: [UInt32]? = nil) -> String? {
        guard kind == .file else { return "there is \(kind.rawValue), where an ordinary file belongs" }
        guard let owners else { return nil }
        guard owners.contains(owner) else { return "the file there belongs to user \(owner)" }
        // The other name may be anybody's, such as one of /etc.
        return names == 1 ? nil : "the file there has \(names) names (hard links)"
    }

    /// Whether nobody but the superuser can change what names this directory has.
    public var isChangedByRootAlone: Bool { kind == .directory && owner == 0 && mode & 0o022 == 0 }

    /// Why what lies in this directory can't be taken to be `users`' own.
    ///
    /// - Parameters:
    ///   - users: who may own it.
    ///   - isPrivate: whether nobody else may even look into it.
    /// - Returns: what speaks against it.
    public func objectionToTrust(in users: [UInt32], isPrivate: Bool) -> String? {
        // Root's link is root's word, such as /var/run; in a place for all nobody else's is.
        if kind == .symbolicLink, owner == 0, !isPrivate { return nil }
        guard kind == .directory else { return "it is \(kind.rawValue), not a directory" }
        guard users.contains(owner) else { return "it belongs to user \(owner)" }
        let closed: UInt32 = isPrivate ? 0o077 : 0o002
        let isSticky = mode & 0o1000 != 0
        guard mode & closed == 0 || (!isPrivate && isSticky) else {
            return "it is open to other users (mode \(String(mode, radix: 8)))"
        }
        return nil
    }
}

/// The directory of an admin socket: whether what listens in it can be believed.
public enum SocketDirectory {
    /// Whose private directory `directory` is by its name, `/tmp/roost-UID`; nil for any other.
    public static func privateOwner(_ directory: String) -> UInt32? {
        let prefix = "/tmp/roost-"
        guard directory.hasPrefix(prefix) else { return nil }
        let digits = directory.dropFirst(prefix.count)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt32(digits)
    }

    /// Why a socket in `directory` can't be trusted by user `uid`; nil when it can, or when there is no directory.
    public static func objection(to directory: String, by uid: UInt32) -> String? {
        let owner = privateOwner(directory)
        let users: [UInt32] = owner.map { [$0] } ?? [uid, 0]
        switch PathLook.at(directory) {
        case .nothing, .unknown: return nil
        case .there(let look):
            // The superuser may ask anybody's server, at the place that he names.
            if owner == nil, uid == 0 { return look.objectionToTrust(in: [0, look.owner], isPrivate: false) }
            return look.objectionToTrust(in: users, isPrivate: owner != nil)
        }
    }

    /// The directory that `path` is in.
    public static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
