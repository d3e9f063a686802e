/// The judgement of a request that may ask for a WebSocket (RFC 6455 section 4.2).
///
/// Feed it the request's fields, in order, then ask for the ``verdict(isGET:hasBody:)``.
public struct Handshake: Sendable {
    /// What a request is.
    public enum Verdict: Sendable, Equatable {
        /// It asks for no WebSocket.
        case ordinary
        /// It does, rightly.
        ///
        /// - Parameter accept: What `Sec-WebSocket-Accept` has to say.
        case webSocket(accept: [UInt8])
        /// It asks wrongly: answer 400 with this sentence.
        case bad(String)
        /// It asks for another version: answer 426 with `Sec-WebSocket-Version: 13`.
        case unsupportedVersion
    }

    private var namesUpgrade = false
    private var wantsWebSocket = false
    private var keys = 0
    private var key: [UInt8]?
    private var versions = 0
    private var isVersion13 = false
    /// What the client offers of extensions, all lines joined with commas.
    public private(set) var extensions: [UInt8] = []

    /// Creates a judgement before the first field.
    public init() {}

    /// Takes one field: its name in whatever case, its value without the spaces around it.
    public mutating func take(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if name.isWord("connection") {
            if value.members.contains(where: { $0.isWord("upgrade") }) { namesUpgrade = true }
        } else if name.isWord("upgrade") {
            if value.members.contains(where: { $0.isWord("websocket") }) { wantsWebSocket = true }
        } else if name.isWord("sec-websocket-key") {
            keys += 1
            key = Base64.isKey(value) ? Array(value) : nil
        } else if name.isWord("sec-websocket-version") {
            versions += 1
            isVersion13 = value.elementsEqual("13".utf8)
        } else if name.isWord("sec-websocket-extensions") {
            if !extensions.isEmpty { extensions.append(UInt8(ascii: ",")) }
            extensions.append(contentsOf: value)
        }
    }

    /// Judges the request, of which all fields were taken.
    ///
    /// - Parameters:
    ///   - isGET: Whether its method is GET, and its version HTTP/1.1.
    ///   - hasBody: Whether it announces a body.
    /// - Returns: What it is.
    public func verdict(isGET: Bool, hasBody: Bool) -> Verdict {
        guard namesUpgrade, wantsWebSocket else { return .ordinary }
        guard isGET else { return .bad("a WebSocket handshake has to be a GET of HTTP/1.1") }
        guard !hasBody else { return .bad("a WebSocket handshake can't have a body") }
        guard versions == 1 else {
            return .bad("a WebSocket handshake needs one Sec-WebSocket-Version, and has \(versions)")
        }
        guard isVersion13 else { return .unsupportedVersion }
        guard keys == 1, let key else {
            return .bad("a WebSocket handshake needs one Sec-WebSocket-Key of 16 bytes in Base64")
        }
        return .webSocket(accept: Self.accept(key))
    }

    /// What `Sec-WebSocket-Accept` says to a `Sec-WebSocket-Key`.
    static func accept(_ key: [UInt8]) -> [UInt8] {
        Base64.encode(SHA1.hash(key + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
    }
}

extension UnsafeRawBufferPointer {
    /// Whether these bytes are `word`, letters of either case; `word` is lower case.
    func isWord(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            let byte = self[index]
            guard ((0x41...0x5A).contains(byte) ? byte | 0x20 : byte) == word.utf8Start[index] else { return false }
        }
        return true
    }

    /// The members of a comma-separated list, without the spaces and tabs around each.
    var members: [UnsafeRawBufferPointer] {
        split(separator: UInt8(ascii: ",")).map { member in
            var member = member
            while let first = member.first, first == 0x20 || first == 0x09 { member.removeFirst() }
            while let last = member.last, last == 0x20 || last == 0x09 { member.removeLast() }
            return UnsafeRawBufferPointer(rebasing: member)
        }
    }
}
