import HTTPCodec
import Testing

@Suite struct ProxyProtocolTests {
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    /// What came of it, as text; each beginning must be incomplete unless it says the same already.
    private func outcome(_ bytes: [UInt8]) -> String {
        func describe(_ end: ProxyHeader.Endpoint) -> String {
            switch end {
            case .address(let address, let port): "\(address) \(port)"
            case .unix: "unix"
            case .unknown: "unknown"
            }
        }
        let parser = ProxyProtocolParser()
        func once(_ count: Int) -> String {
            switch withExactBytes(bytes[..<count], parser.parse) {
            case .incomplete: "incomplete"
            case .refused: "refused"
            case .complete(let byteCount, let header):
                "\(describe(header.source)) > \(describe(header.destination)), \(byteCount)"
            }
        }
        let whole = once(bytes.count)
        for count in 0..<bytes.count {
            let part = once(count)
            #expect(part == "incomplete" || part == whole)
        }
        return whole
    }

    private func version2(_ command: UInt8, _ family: UInt8, _ rest: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = length ?? rest.count
        return Self.signature + [command, family, UInt8(length >> 8), UInt8(length & 0xFF)] + rest
    }

    @Test(arguments: [
        ("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\nGET", "192.0.2.1 56324 > 198.51.100.7 443, 45"),
        ("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n", "2001:db8::1 0 > ::1 65535, 36"),
        ("PROXY TCP6 ::ffff:1.2.3.4 ::1 1 2\r\n", "1.2.3.4 1 > ::1 2, 35"),
        ("PROXY UNKNOWN\r\n", "unknown > unknown, 15"),
        ("PROXY UNKNOWN ffff:: anything at all\r\n", "unknown > unknown, 38"),
        ("PROXY TCP4 192.0.2.1", "incomplete"),
        ("PROXY UNKNOWN \(String(repeating: "x", count: 91))\r\n", "unknown > unknown, 107"),
        ("PROXY UNKNOWN \(String(repeating: "x", count: 92))\r\n", "refused"),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 1\r\n", "refused"),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 1 2 3\r\n", "refused"),
        ("PROXY TCP4  192.0.2.1 198.51.100.7 1 2\r\n", "refused"),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 1 65536\r\n", "refused"),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 01 2\r\n", "refused"),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 -1 2\r\n", "refused"),
        ("PROXY TCP4 192.0.2.01 198.51.100.7 1 2\r\n", "refused"),
        ("PROXY TCP4 ::1 ::1 1 2\r\n", "refused"),
        ("PROXY TCP6 192.0.2.1 198.51.100.7 1 2\r\n", "refused"),
        ("PROXY UDP4 192.0.2.1 198.51.100.7 1 2\r\n", "refused"),
        ("PROXY \r\n", "refused"),
        ("PROXY \n", "refused"),
        ("PROXY TCP4 192.0.2.1 198.51.100.7 1 2\n", "refused"),
        ("proxy TCP4 192.0.2.1 198.51.100.7 1 2\r\n", "refused"),
        ("GET / HTTP/1.1\r\n", "refused"),
    ])
    func `a line of version 1 is read or refused`(line: String, expected: String) {
        #expect(outcome(latin1(line)) == expected)
    }

    @Test func `headers of version 2 are read`() {
        let ipv4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 7, 0xDC, 0x04, 0x01, 0xBB]
        #expect(outcome(version2(0x21, 0x11, ipv4)) == "192.0.2.1 56324 > 198.51.100.7 443, 28")
        #expect(outcome(version2(0x21, 0x11, ipv4 + [3, 0, 1, 9]) + [1]) == "192.0.2.1 56324 > 198.51.100.7 443, 32")
        let ipv6: [UInt8] = [0x20, 0x01] + [UInt8](repeating: 0, count: 29) + [1, 0, 80, 1, 187]
        #expect(outcome(version2(0x21, 0x21, ipv6)) == "2001:: 80 > ::1 443, 52")
        #expect(outcome(version2(0x21, 0x31, [UInt8](repeating: 0, count: 216))) == "unix > unix, 232")
        #expect(outcome(version2(0x20, 0x00, [])) == "unknown > unknown, 16")
        #expect(outcome(version2(0x20, 0x11, ipv4)) == "unknown > unknown, 28")
        #expect(outcome(version2(0x21, 0x00, [1, 2, 3])) == "unknown > unknown, 19")
        #expect(outcome(version2(0x21, 0x00, [UInt8](repeating: 0, count: 520))) == "unknown > unknown, 536")
    }

    @Test func `broken headers of version 2 are refused`() {
        let ipv4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 7, 0xDC, 0x04, 0x01, 0xBB]
        #expect(outcome(version2(0x11, 0x11, ipv4)) == "refused")
        #expect(outcome(version2(0x22, 0x11, ipv4)) == "refused")
        #expect(outcome(version2(0x21, 0x12, ipv4)) == "refused")
        #expect(outcome(version2(0x21, 0x41, ipv4)) == "refused")
        #expect(outcome(version2(0x21, 0x11, ipv4, length: 11)) == "refused")
        #expect(outcome(version2(0x21, 0x21, ipv4)) == "refused")
        #expect(outcome(version2(0x21, 0x31, ipv4)) == "refused")
        #expect(outcome(version2(0x21, 0x11, ipv4, length: 65_535)) == "refused")
        #expect(outcome(version2(0x21, 0x11, ipv4, length: 13)) == "incomplete")
        #expect(outcome(Self.signature.dropLast() + [0x0B, 0x21, 0x11, 0, 0]) == "refused")
    }

    @Test func `random headers of version 2 never trap`() {
        var random = SeededGenerator(state: 7)
        for _ in 0..<2_000 {
            let rest = (0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            let command: UInt8 = Bool.random(using: &random) ? 0x21 : UInt8.random(in: 0...255, using: &random)
            let family: UInt8 = [0x00, 0x11, 0x21, 0x31, 0x12].randomElement(using: &random) ?? 0
            let length = Int.random(in: 0...64, using: &random)
            let bytes = version2(command, family, rest, length: length)
            switch withExactBytes(bytes, ProxyProtocolParser().parse) {
            case .complete(let byteCount, header: _): #expect(byteCount == 16 + length && byteCount <= bytes.count)
            case .incomplete: #expect(bytes.count < 16 + length)
            case .refused: continue
            }
        }
    }
}
