import HTTPCodec
import Testing

@Suite struct MutationTests {
    /// A few bytes of a good request are changed, removed, doubled or taken from another request; whatever comes of it
    /// must come of it wherever the bytes are cut.
    @Test(arguments: 0..<8)
    func `mutated requests never trap and their outcome does not depend on the cuts`(seed: Int) {
        var random = SeededGenerator(state: UInt64(seed))
        let seeds = (goodRequests.map(\.bytes) + hostileRequests.map(\.bytes)).filter { $0.count < 512 }
        let spices: [[UInt8]] = [
            "\r\n", "\n", "\r", " ", "\t", "\0", ":", ",", ";", "\"", "0", "HTTP/1.1", "Host: a\r\n", "chunked",
            "Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n", "\u{FF}", "[::1]", "http://", "#", "?",
        ].map(latin1)
        var refused = 0
        for _ in 0..<400 {
            guard var bytes = seeds.randomElement(using: &random) else { continue }
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                let end = min(bytes.count, place + Int.random(in: 0...4, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    bytes.replaceSubrange(place..<end, with: spices.randomElement(using: &random) ?? [])
                case 1:
                    bytes.removeSubrange(place..<end)
                case 2:
                    bytes.insert(contentsOf: bytes[place..<end], at: place)
                default:
                    if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
                }
            }
            let whole = outcome(of: bytes)
            if case .refused = whole { refused += 1 }
            let byByte = outcome(of: bytes, cuts: Array(0..<bytes.count))
            #expect(byByte == whole, "\(text(bytes).debugDescription)")
            for _ in 0..<6 {
                let cuts = (0..<4).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
                #expect(outcome(of: bytes, cuts: cuts) == whole, "\(text(bytes).debugDescription) cut at \(cuts)")
            }
        }
        #expect(refused > 100)
    }

    @Test(arguments: 0..<4)
    func `response heads of random bytes are violations or fit their bound`(seed: Int) {
        var random = SeededGenerator(state: UInt64(seed) + 100)
        let good = ResponseFrame(
            status: 200,
            reason: "OK",
            fields: [("Content-Type", "a/b"), ("X", "y"), ("Date", "d")]
        )
        for round in 0..<2_000 {
            var payload =
                round % 4 == 0 ? (0..<64).map { _ in UInt8.random(in: 0...255, using: &random) } : good.payload
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                payload[Int.random(in: 0..<payload.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { payload.removeLast(Int.random(in: 0...8, using: &random)) }
            let encoded = encode(payload)
            if case .success(let response) = encoded {
                #expect(response.head.hasPrefix("HTTP/1.1 ") && response.head.hasSuffix("\r\n\r\n"))
                // Without the line ends that belong there, no control character but a tab is left.
                let rest = response.head.unicodeScalars.split(separator: "\r\n".unicodeScalars)
                #expect(rest.allSatisfy { $0.allSatisfy { $0 == "\t" || ($0.value >= 0x20 && $0.value != 0x7F) } })
            }
        }
    }
}
