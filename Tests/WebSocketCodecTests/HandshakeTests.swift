import Testing

@testable import WebSocketCodec

@Suite struct HandshakeTests {
    static let key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    static let good = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), key]

    private func verdict(
        _ fields: [(String, String)],
        isGET: Bool = true,
        hasBody: Bool = false
    ) -> Handshake.Verdict {
        var handshake = Handshake()
        for (name, value) in fields {
            Array(name.utf8).withUnsafeBytes { name in
                Array(value.utf8).withUnsafeBytes { handshake.take(name: name, value: $0) }
            }
        }
        return handshake.verdict(isGET: isGET, hasBody: hasBody)
    }

    private func good(_ changes: (inout [(String, String)]) -> Void) -> [(String, String)] {
        var fields = Self.good
        changes(&fields)
        return fields
    }

    private func isBad(_ verdict: Handshake.Verdict) -> Bool {
        if case .bad = verdict { true } else { false }
    }

    @Test func `the example of RFC 6455 is answered as it says`() {
        #expect(verdict(Self.good) == .webSocket(accept: Array("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".utf8)))
    }

    @Test func `lists, letters of either case and other members make no difference`() {
        let fields = [
            ("CONNECTION", "keep-alive, Upgrade"), ("upgrade", "h2c , WebSocket"), ("sec-websocket-version", "13"),
            Self.key,
        ]
        #expect(verdict(fields) == verdict(Self.good))
    }

    @Test func `what asks for no WebSocket is an ordinary request`() {
        #expect(verdict([]) == .ordinary)
        #expect(verdict(good { $0.removeFirst() }) == .ordinary)
        #expect(verdict(good { $0.remove(at: 1) }) == .ordinary)
        #expect(verdict(good { $0[1].1 = "h2c" }) == .ordinary)
        #expect(verdict(good { $0[0].1 = "upgraded" }) == .ordinary)
    }

    @Test func `a handshake is a GET without a body`() {
        #expect(isBad(verdict(Self.good, isGET: false)))
        #expect(isBad(verdict(Self.good, hasBody: true)))
    }

    @Test func `there is one key, of 16 bytes`() {
        #expect(isBad(verdict(good { $0.removeLast() })))
        #expect(isBad(verdict(good { $0.append(Self.key) })))
        for key in ["", "a", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=!", "dGhlIHNhbXBsZSBub25j*Q==", "AAAA"] {
            #expect(isBad(verdict(good { $0[3].1 = key })), "\(key)")
        }
    }

    @Test func `there is one version, 13; another one is told which`() {
        for version in ["8", "7", "0", "013", "14", "13, 8", ""] {
            #expect(verdict(good { $0[2].1 = version }) == .unsupportedVersion, "\(version)")
        }
        #expect(isBad(verdict(good { $0.remove(at: 2) })))
        #expect(isBad(verdict(good { $0.append(("Sec-WebSocket-Version", "8")) })))
    }

    @Test func `offers in several lines are one list`() {
        var handshake = Handshake()
        for offer in ["permessage-deflate; client_max_window_bits", "x-other"] {
            Array("Sec-WebSocket-Extensions".utf8).withUnsafeBytes { name in
                Array(offer.utf8).withUnsafeBytes { handshake.take(name: name, value: $0) }
            }
        }
        #expect(handshake.extensions == Array("permessage-deflate; client_max_window_bits,x-other".utf8))
    }

    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
    ])
    func `hashes are those of FIPS 180`(_ message: String, _ hash: String) {
        let hexadecimal = SHA1.hash(Array(message.utf8)).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        #expect(hexadecimal.joined() == hash)
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func `Base64 is that of RFC 4648`(_ bytes: String, _ text: String) {
        #expect(String(decoding: Base64.encode(Array(bytes.utf8)), as: UTF8.self) == text)
    }
}
