import Glibc
import PathSafety
import Telemetry

/// Asks a running server over its admin socket, for `roost status` and its like.
///
/// Blocking and bounded: in time, in size, and in what it understands of HTTP/1.1 (RFC 9112), which is what the admin
/// sends: one answer with a length, or one that ends with the connection.
public struct AdminClient: Sendable {
    /// An answer of the admin.
    public struct Answer: Sendable, Equatable {
        /// The status, such as 200 or 503.
        public var status: Int
        /// The body, invalid UTF-8 repaired.
        public var text: String

        /// Creates an answer.
        public init(status: Int, text: String) {
            self.status = status
            self.text = text
        }

        /// The text for a terminal, which then obeys nothing in it.
        ///
        /// - Parameter isJSON: whether it was asked for as JSON, and is to stay that.
        /// - Returns: the text, controls escaped.
        public func printable(isJSON: Bool) -> String {
            isJSON ? EscapedText.json(text) : EscapedText.lines(text)
        }

        /// The whole number that an answer in JSON has under `name`; nil when there is none.
        public func number(_ name: String) -> Int? {
            // No text inside the answer can look like this: its quotes are escaped.
            let mark = Array("\"\(name)\":".utf8)
            let bytes = Array(text.utf8)
            guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return nil }
            let digits = bytes[(start + mark.count)...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            return Int(String(decoding: digits, as: UTF8.self))
        }
    }

    /// The most bytes of an answer that are read: 16 MiB.
    public static let maximumAnswerBytes = 16 << 20

    private let path: String
    private let timeout: Duration

    /// Creates a client.
    ///
    /// - Parameters:
    ///   - path: the server's admin socket.
    ///   - timeout: how long one whole question may take. The default is 5 s.
    public init(socketPath path: String, timeout: Duration = .seconds(5)) {
        self.path = path
        self.timeout = timeout
    }

    /// Asks for `target`, such as `/status?text`.
    ///
    /// - Parameter target: one of ours, since it is sent as it is.
    /// - Returns: the answer, whatever its status.
    /// - Throws: `AdminClientError` with what to tell the user.
    public func get(_ target: String) throws(AdminClientError) -> Answer {
        try ask("GET", target)
    }

    /// Has the server do something, such as `/reload`.
    ///
    /// - Parameters:
    ///   - target: one of ours, with what is not ours escaped by ``escaped(_:)``.
    ///   - onConnected: told the server's process before it is asked; 0 when it lives in another pid namespace.
    /// - Returns: the answer, whatever its status.
    /// - Throws: `AdminClientError` with what to tell the user.
    public func post(
        _ target: String,
        onConnected: (_ pid: Int32) -> Void = { _ in }
    ) throws(AdminClientError) -> Answer {
        try ask("POST", target, onConnected)
    }

    /// `text` as a value in a query: everything but letters, digits and `-._~/` in percent encoding (RFC 3986 2.1).
    public static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return escaped
    }

    private func ask(
        _ method: String,
        _ target: String,
        _ onConnected: (_ pid: Int32) -> Void = { _ in }
    ) throws(AdminClientError) -> Answer {
        let deadline = ContinuousClock.now + timeout
        let directory = SocketDirectory.parent(of: path)
        if let objection = SocketDirectory.objection(to: directory, by: geteuid()) {
            throw AdminClientError(.notTrusted, directory, objection)
        }
        let descriptor = try connect()
        defer { close(descriptor) }
        let peer = UnixSocketAddress.peer(of: descriptor)
        let expected = SocketDirectory.privateOwner(directory) ?? geteuid()
        guard peer.uid == expected || peer.uid == 0 || expected == 0 && SocketDirectory.privateOwner(directory) == nil
        else { throw AdminClientError(.notTrusted, path, "a process of user \(peer.uid) listens there") }
        onConnected(peer.pid)
        let length = method == "POST" ? "Content-Length: 0\r\n" : ""
        let request =
            "\(method) \(target) HTTP/1.1\r\nHost: roost\r\nAccept: */*\r\n\(length)Connection: close\r\n\r\n"
        try send(Array(request.utf8), to: descriptor, until: deadline)
        return try AdminAnswerParser.answer(in: receive(from: descriptor, until: deadline), from: path)
    }

    private func connect() throws(AdminClientError) -> Int32 {
        guard let address = UnixSocketAddress(path: path) else { throw AdminClientError(.noServer, path, "bad path") }
        let (descriptor, errorNumber) = address.connect(within: timeout)
        guard descriptor < 0 else { return descriptor }
        let detail = String(cString: strerror(errorNumber))
        switch errorNumber {
        case ENOENT, ECONNREFUSED, ENOTDIR, ENOTSOCK: throw AdminClientError(.noServer, path, detail)
        case EACCES, EPERM: throw AdminClientError(.noPermission, path, detail)
        case EAGAIN, ETIMEDOUT, EINPROGRESS: throw AdminClientError(.notAnswering, path, detail)
        default: throw AdminClientError(.failed, path, detail)
        }
    }

    private func send(
        _ bytes: [UInt8],
        to descriptor: Int32,
        until deadline: ContinuousClock.Instant
    ) throws(AdminClientError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try allowTime(descriptor, until: deadline)
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw failure(errno)
            }
        }
    }

    private func receive(
        from descriptor: Int32,
        until deadline: ContinuousClock.Instant
    ) throws(AdminClientError) -> [UInt8] {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            try allowTime(descriptor, until: deadline)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                answer += buffer[..<count]
                guard answer.count <= Self.maximumAnswerBytes else {
                    throw AdminClientError(.badAnswer, path, "more than \(Self.maximumAnswerBytes) bytes")
                }
                if AdminAnswerParser.isComplete(answer) { return answer }
            } else if count == 0 {
                return answer
            } else if errno != EINTR {
                throw failure(errno)
            }
        }
    }

    /// Gives the next call what is left of the whole time.
    private func allowTime(_ descriptor: Int32, until deadline: ContinuousClock.Instant) throws(AdminClientError) {
        let left = ContinuousClock.now.duration(to: deadline)
        guard left > .zero else { throw AdminClientError(.notAnswering, path, "timed out") }
        UnixSocketAddress.setTimeout(left, of: descriptor)
    }

    private func failure(_ errorNumber: Int32) -> AdminClientError {
        let isTimeout = errorNumber == EAGAIN || errorNumber == EWOULDBLOCK
        return AdminClientError(isTimeout ? .notAnswering : .failed, path, String(cString: strerror(errorNumber)))
    }
}
