/// The cookie by which a browser stays with its worker: how it is read and how it is set (RFC 6265, 6265bis).
public struct StickyCookie: Sendable, Hashable {
    /// With which requests from other sites a browser sends it.
    public enum SameSite: String, Sendable, CaseIterable {
        /// When a link is followed; not from within a page of another site.
        case lax
        /// Also from a frame in a page of another site: then it is `Secure` and `Partitioned`, as browsers demand.
        case none
    }

    /// Its name, a token.
    public var name: String
    /// Below which path it is sent.
    public var path: String
    /// With which requests from other sites it is sent.
    public var sameSite: SameSite

    /// Creates a cookie.
    public init(name: String = "roost_session", path: String = "/", sameSite: SameSite = .lax) {
        self.name = name
        self.path = path
        self.sameSite = sameSite
    }

    /// Returns the session that the value of a `Cookie` field names; nil where it has no such cookie, or one that is not ours.
    ///
    /// The other cookies may hold whatever they like. Of several with the name the first counts that is right.
    public func session(in value: UnsafeRawBufferPointer) -> SessionID? {
        var rest = value[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: ";")) ?? rest.endIndex
            if let session = session(inPair: rest[..<end]) { return session }
            rest = rest[end...].dropFirst()
        }
        return nil
    }

    private func session(inPair pair: Slice<UnsafeRawBufferPointer>) -> SessionID? {
        let pair = pair.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard pair.count > name.utf8.count, pair.prefix(name.utf8.count).elementsEqual(name.utf8) else { return nil }
        var text = pair.dropFirst(name.utf8.count)
        guard text.first == UInt8(ascii: "=") else { return nil }
        text = text.dropFirst()
        while let last = text.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { text = text.dropLast() }
        if text.count > 1, text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\"") {
            text = text.dropFirst().dropLast()
        }
        return SessionID(text: UnsafeRawBufferPointer(rebasing: text))
    }

    /// Returns the value of the `Set-Cookie` field that names a session.
    ///
    /// It lasts as long as the browser does, and no script sees it.
    ///
    /// - Parameters:
    ///   - session: The session.
    ///   - isSecure: Whether the request came over HTTPS, so that the cookie is to be sent over that only.
    /// - Returns: The field's value.
    public func setting(_ session: SessionID, isSecure: Bool) -> [UInt8] {
        var value = Array("\(name)=".utf8)
        value += session.text
        value += "; Path=\(path); HttpOnly".utf8
        switch sameSite {
        case .lax:
            value += "; SameSite=Lax".utf8
            if isSecure { value += "; Secure".utf8 }
        case .none:
            value += "; SameSite=None; Secure; Partitioned".utf8
        }
        return value
    }
}
