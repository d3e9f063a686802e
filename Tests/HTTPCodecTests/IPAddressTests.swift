import HTTPCodec
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("0.0.0.0", "0.0.0.0"), ("127.0.0.1", "127.0.0.1"), ("255.255.255.255", "255.255.255.255"),
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1"), ("2001:0db8:0000:1::1", "2001:db8:0:1::1"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("fe80::ffff:1.2.3.4", "fe80::ffff:102:304"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("::ffff:c000:201", "192.0.2.1"), ("::1.2.3.4", "::102:304"),
        ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ])
    func `an address is read, and written in its shortest form`(written: String, canonical: String) {
        #expect(IPAddress(written)?.description == canonical)
        #expect(IPAddress(canonical) == IPAddress(written))
    }

    @Test(arguments: [
        "", ".", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "01.2.3.4", "1.2.3.04", "256.1.1.1",
        "1.2.3.4 ",
        " 1.2.3.4", "1.2.3.x", "0x7f.0.0.1", "1.2.3.-4", "99999999999.1.1.1", ":", ":::", "::1::", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "1::2:3:4:5:6:7:8", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:", ":1", "1:", "12345::", "g::",
        "::1%eth0", "[::1]", "::1.2.3", "::1.2.3.4.5", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::ffff:1.2.3.400",
    ])
    func `anything else is no address`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `a mapped address is the IPv4 address`() {
        #expect(IPAddress("::ffff:10.1.2.3") == IPAddress("10.1.2.3"))
        #expect(IPAddress("::ffff:10.1.2.3")?.isIPv4 == true)
        #expect(IPAddress("::10.1.2.3")?.isIPv4 == false)
        #expect(Set([IPAddress("::ffff:10.1.2.3"), IPAddress("10.1.2.3")]).count == 1)
        #expect(IPAddress("127.9.9.9")?.isLoopback == true && IPAddress("::1")?.isLoopback == true)
        #expect(IPAddress("128.0.0.1")?.isLoopback == false && IPAddress("::2")?.isLoopback == false)
    }

    @Test func `network bytes make an address, of 4 or 16 and no other count`() {
        #expect(IPAddress(ipv4: 0xC000_0201).description == "192.0.2.1")
        let bytes = Array(1...20).map(UInt8.init)
        for count in 0...20 {
            let address = withExactBytes(bytes[..<count]) { IPAddress(networkBytes: $0) }
            switch count {
            case 4: #expect(address?.description == "1.2.3.4")
            case 16: #expect(address?.description == "102:304:506:708:90a:b0c:d0e:f10")
            default: #expect(address == nil)
            }
        }
    }
}

@Suite struct TrustedProxiesTests {
    private func contains(_ list: String, _ address: String) throws -> Bool {
        try TrustedProxies(parsing: list).contains(#require(IPAddress(address)))
    }

    @Test func `addresses and networks hold what they should`() throws {
        #expect(try contains("127.0.0.1, ::1", "127.0.0.1"))
        #expect(try contains("127.0.0.1, ::1", "::ffff:127.0.0.1"))
        #expect(try contains("127.0.0.1 ::1", "::1"))
        #expect(try !contains("127.0.0.1, ::1", "127.0.0.2"))
        #expect(try contains("10.0.0.0/8", "10.255.0.1"))
        #expect(try !contains("10.0.0.0/8", "11.0.0.1"))
        #expect(try contains("10.1.2.3/8", "10.9.9.9"))
        #expect(try contains("192.168.4.0/22", "192.168.7.255"))
        #expect(try !contains("192.168.4.0/22", "192.168.8.0"))
        #expect(try contains("0.0.0.0/0", "8.8.8.8"))
        #expect(try !contains("0.0.0.0/0", "2001:db8::1"))
        #expect(try contains("2001:db8::/32", "2001:db8:ffff::1"))
        #expect(try !contains("2001:db8::/32", "2001:db9::1"))
        #expect(try contains("2001:db8:0:0:8000::/65", "2001:db8::8000:0:0:1"))
        #expect(try !contains("2001:db8:0:0:8000::/65", "2001:db8::1"))
        #expect(try contains("::/0", "fe80::1"))
        #expect(try !contains("::/0", "10.0.0.1"))
        #expect(try contains("::ffff:10.0.0.0/104", "10.2.3.4"))
        #expect(try contains("fd00::1/128", "fd00::1"))
        #expect(try contains("*", "8.8.8.8"))
        #expect(try !contains("", "127.0.0.1"))
        #expect(try !contains("unix", "127.0.0.1"))
    }

    @Test func `a Unix socket's peer is trusted by name or as everyone`() throws {
        #expect(try TrustedProxies(parsing: "unix").contains(.unix))
        #expect(try TrustedProxies(parsing: "*").contains(.unix))
        #expect(try !TrustedProxies(parsing: "127.0.0.1").contains(.unix))
        #expect(TrustedProxies().isEmpty)
    }

    @Test(arguments: [
        "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "localhost", "10.0.0.1/8/8", "/8",
    ])
    func `an entry that means nothing is named`(entry: String) {
        #expect(throws: TrustedProxies.ParseError.self) { try TrustedProxies(parsing: "127.0.0.1,\(entry)") }
        do {
            _ = try TrustedProxies(parsing: "127.0.0.1,\(entry)")
        } catch {
            #expect(error.entry == entry && error.message.contains(entry))
        }
    }
}
