import HTTPCodec
import Testing

@Suite struct ClientOriginTests {
    /// The origin as text, "address port scheme host", or the status of the refusal.
    private func origin(
        _ fields: String...,
        peer: String = "10.0.0.1",
        trusted: String = "10.0.0.0/8",
        rule: ForwardingRule = .agreeing,
        readsPort: Bool = false,
    ) throws -> String {
        let bytes = latin1(
            "GET / HTTP/1.1\r\nHost: app.example\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        )
        let proxies = try TrustedProxies(parsing: trusted)
        let end: Peer = try peer == "unix" ? .unix : .address(#require(IPAddress(peer)), port: 5)
        return withExactBytes(bytes) { bytes in
            var parser = RequestHeadParser()
            guard case .complete = parser.parse(bytes) else { return "not parsed" }
            do throws(Refusal) {
                let origin = try ClientOrigin.resolved(
                    head: parser.head,
                    bytes: bytes,
                    peer: end,
                    scheme: .http,
                    trusted: proxies,
                    rule: rule,
                    readsPort: readsPort
                )
                let address = origin.address.map(\.description) ?? "nobody"
                let port = origin.port.map { "\($0)" } ?? "-"
                let added = origin.addedPort.map { ":\($0)" } ?? ""
                return "\(address) \(port) \(origin.scheme) \(text(origin.host.bytes(in: bytes)))\(added)"
            } catch {
                return "\(error.status)"
            }
        }
    }

    @Test func `without fields, or from a peer that is not trusted, the connection tells`() throws {
        #expect(try origin() == "10.0.0.1 5 http app.example")
        #expect(
            try origin("X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: nonsense", peer: "9.9.9.9")
                == "9.9.9.9 5 http app.example"
        )
        #expect(try origin("Forwarded: for=1.2.3.4;proto=https", trusted: "") == "10.0.0.1 5 http app.example")
        #expect(try origin("X-Forwarded-For: 1.2.3.4", peer: "unix") == "nobody - http app.example")
        #expect(try origin("X-Forwarded-For: 1.2.3.4", peer: "unix", trusted: "unix") == "1.2.3.4 - http app.example")
    }

    @Test func `the first address from the right that is no trusted proxy is the client`() throws {
        #expect(try origin("X-Forwarded-For: 1.2.3.4") == "1.2.3.4 - http app.example")
        #expect(try origin("X-Forwarded-For: 6.6.6.6, 1.2.3.4") == "1.2.3.4 - http app.example")
        #expect(try origin("X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.9") == "1.2.3.4 - http app.example")
        #expect(
            try origin("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 1.2.3.4,10.9.9.9") == "1.2.3.4 - http app.example"
        )
        #expect(try origin("X-Forwarded-For: 10.0.0.3, 10.0.0.2") == "10.0.0.3 - http app.example")
        #expect(try origin("X-Forwarded-For: 6.6.6.6, 1.2.3.4", trusted: "*") == "6.6.6.6 - http app.example")
        #expect(try origin("X_Forwarded_For: 1.2.3.4") == "10.0.0.1 5 http app.example")
    }

    @Test func `addresses with ports and brackets are read, and what is no address ends the walk`() throws {
        #expect(try origin("X-Forwarded-For: 1.2.3.4:99") == "1.2.3.4 99 http app.example")
        #expect(try origin("X-Forwarded-For: 2001:db8::1") == "2001:db8::1 - http app.example")
        #expect(try origin("X-Forwarded-For: [2001:db8::1]") == "2001:db8::1 - http app.example")
        #expect(try origin("X-Forwarded-For: [2001:db8::1]:99") == "2001:db8::1 99 http app.example")
        #expect(try origin("X-Forwarded-For: 6.6.6.6, unknown") == "10.0.0.1 5 http app.example")
        #expect(try origin("X-Forwarded-For: 6.6.6.6, <script>, 10.0.0.7") == "10.0.0.7 - http app.example")
        #expect(try origin("X-Forwarded-For:") == "10.0.0.1 5 http app.example")
    }

    @Test func `the scheme and the host come from the place of the client's proxy`() throws {
        #expect(try origin("X-Forwarded-Proto: https") == "10.0.0.1 5 https app.example")
        #expect(try origin("X-Forwarded-Proto: WSS") == "10.0.0.1 5 https app.example")
        #expect(try origin("X-Forwarded-Ssl: on", "X-Forwarded-Protocol: ssl") == "10.0.0.1 5 https app.example")
        #expect(try origin("X-Forwarded-Host: shop.example:81") == "10.0.0.1 5 http shop.example:81")
        let chain = "X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.9"
        #expect(try origin(chain, "X-Forwarded-Proto: https, https, http") == "1.2.3.4 - https app.example")
        #expect(try origin(chain, "X-Forwarded-Proto: http, https, http") == "1.2.3.4 - https app.example")
        #expect(try origin(chain, "X-Forwarded-Proto: https") == "1.2.3.4 - https app.example")
        #expect(try origin(chain, "X-Forwarded-Host: evil, shop, inner") == "1.2.3.4 - http shop")
        #expect(try origin("X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: evil, shop") == "1.2.3.4 - http shop")
    }

    @Test func `Forwarded is read as RFC 7239 writes it, and as proxies do`() throws {
        #expect(try origin("Forwarded: for=1.2.3.4;proto=https;host=shop") == "1.2.3.4 - https shop")
        #expect(
            try origin("forwarded: For=\"[2001:db8::1]:99\" ; Proto=http;by=_x") == "2001:db8::1 99 http app.example"
        )
        #expect(try origin("Forwarded: for=[2001:db8::1]:99") == "2001:db8::1 99 http app.example")
        #expect(
            try origin("Forwarded: for=6.6.6.6;host=evil, for=1.2.3.4;host=\"shop:81\", for=10.0.0.4")
                == "1.2.3.4 - http shop:81"
        )
        #expect(
            try origin("Forwarded: for=6.6.6.6", "Forwarded: for=1.2.3.4,for=10.0.0.4;proto=https")
                == "1.2.3.4 - http app.example"
        )
        #expect(try origin("Forwarded: for=unknown;proto=https") == "10.0.0.1 5 https app.example")
        #expect(try origin("Forwarded: for=\"_hidden\", ;proto=https;") == "10.0.0.1 5 https app.example")
        #expect(try origin("Forwarded:") == "10.0.0.1 5 http app.example")
    }

    @Test(arguments: [
        "Forwarded: for", "Forwarded: for=", "Forwarded: =x", "Forwarded: for=\"1.2.3.4", "Forwarded: for=1.2.3.4 x",
        "Forwarded: for=1.2.3.4;for=1.2.3.5", "Forwarded: for=\"1\\.2\"", "Forwarded: for= 1.2.3.4",
        "Forwarded: proto=ftp",
        "Forwarded: host=\"a b\"", "Forwarded: host=", "Forwarded: proto=http;proto=https", "Forwarded: @",
        "X-Forwarded-Proto: ftp", "X-Forwarded-Ssl: maybe", "X-Forwarded-Host: a b",
        "X-Forwarded-Host: <script>",
    ])
    func `malformed fields of a trusted proxy are refused`(field: String) throws {
        #expect(try origin(field) == "400")
        #expect(try origin(field, peer: "9.9.9.9") == "9.9.9.9 5 http app.example")
    }

    @Test func `contradictions are refused`() throws {
        #expect(try origin("X-Forwarded-Proto: https", "X-Forwarded-Ssl: off") == "400")
        #expect(try origin("X-Forwarded-Proto: https", "X-Forwarded-Protocol: http") == "400")
        #expect(try origin("X-Forwarded-Proto: https", "Forwarded: proto=http") == "400")
        #expect(try origin("X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.5") == "400")
        #expect(try origin("X-Forwarded-Host: a", "Forwarded: host=b") == "400")
        #expect(try origin("X-Forwarded-Host: a", "Forwarded: host=a") == "10.0.0.1 5 http a")
        #expect(
            try origin(
                "X-Forwarded-For: 1.2.3.4",
                "X-Forwarded-Proto: https",
                "Forwarded: for=\"1.2.3.4:5\";proto=https"
            )
                == "1.2.3.4 - https app.example"
        )
    }

    @Test(arguments: ForwardingRule.allCases)
    func `empty fields say nothing`(rule: ForwardingRule) throws {
        for field in ["X-Forwarded-Proto:", "X-Forwarded-Host:", "X-Forwarded-Ssl: ", "X-Forwarded-Host: ,"] {
            #expect(try origin(field, rule: rule) == "10.0.0.1 5 http app.example")
        }
        #expect(try origin("X-Forwarded-Proto:", "X-Forwarded-Ssl: on", rule: .xForwarded).contains("https"))
    }

    @Test func `a forwarded port is added to a host without one, where that is asked for`() throws {
        func host(_ fields: String, _ readsPort: Bool = true, rule: ForwardingRule = .xForwarded) throws -> String {
            try String(origin(fields, rule: rule, readsPort: readsPort).split(separator: " ")[3])
        }
        #expect(try host("X-Forwarded-Port: 8443") == "app.example:8443")
        #expect(try host("X-Forwarded-Port: 8443", false) == "app.example")
        #expect(try host("X-Forwarded-Port: 8443", rule: .forwarded) == "app.example")
        #expect(try host("X-Forwarded-Port: 80") == "app.example")
        #expect(try host("X-Forwarded-Port: 443\r\nX-Forwarded-Proto: https") == "app.example")
        #expect(try host("X-Forwarded-Port: 8443\r\nX-Forwarded-Host: a:1") == "a:1")
        for port in ["", "0", "65536", "x", "-1", "999999"] {
            #expect(try host("X-Forwarded-Port: \(port)") == "app.example")
        }
    }

    @Test func `the family that does not count is not looked at`() throws {
        let both = ["X-Forwarded-For: 1.2.3.4", "Forwarded: for=5.6.7.8;proto=https;host=evil"]
        #expect(try origin(both[0], both[1], rule: .xForwarded) == "1.2.3.4 - http app.example")
        #expect(try origin(both[0], both[1], rule: .forwarded) == "5.6.7.8 - https evil")
        #expect(try origin(both[0], "Forwarded: @", rule: .xForwarded) == "1.2.3.4 - http app.example")
        #expect(try origin("X-Forwarded-Host: <", both[1], rule: .forwarded) == "5.6.7.8 - https evil")
        #expect(try origin(both[1], rule: .xForwarded) == "10.0.0.1 5 http app.example")
    }

    @Test func `of the fields that tell the scheme the first in the documented order counts`() throws {
        let fields = ["X-Forwarded-Ssl: off", "X-Forwarded-Proto: https", "X-Forwarded-Protocol: http"]
        #expect(try origin(fields[0], fields[1], fields[2], rule: .xForwarded).contains("https"))
        #expect(try origin("X-Forwarded-Proto: http", "X-Forwarded-Ssl: on", rule: .xForwarded).contains(" http "))
        #expect(try origin("X-Forwarded-Proto: http", "X-Forwarded-Ssl: maybe", rule: .xForwarded).contains(" http "))
        #expect(try origin("X-Forwarded-Ssl: on", rule: .xForwarded).contains("https"))
    }
}
