import Foundation
import HTTPCodec
import Testing

@Suite struct HostileRequestTests {
    @Test(arguments: hostileRequests)
    func `a hostile request gets its one answer wherever it is cut`(request: HostileRequest) {
        let whole = outcome(of: request.bytes)
        guard case .refused(let refusal) = whole else {
            Issue.record("\(request.name): \(whole)")
            return
        }
        #expect(refusal.status == request.status, "\(refusal)")
        let differing = cuttings(of: request.bytes, seed: 1).first { outcome(of: request.bytes, cuts: $0) != whole }
        #expect(differing == nil)
    }

    @Test func `the table has no two requests of one name and more than a hundred`() {
        #expect(Set(hostileRequests.map(\.name)).count == hostileRequests.count)
        #expect(Set(hostileRequests.map(\.bytes)).count == hostileRequests.count)
        #expect(hostileRequests.count >= 200)
    }

    @Test func `every refusal names one line of ASCII and a status for which there is a reason phrase`() {
        for request in hostileRequests {
            guard case .refused(let refusal) = outcome(of: request.bytes) else { continue }
            #expect(!RefusalResponse.reason(of: refusal.status).isEmpty)
            #expect(refusal.message.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        }
    }

    /// The fixture is made from the table: `ROOST_WRITE_FIXTURES=1 swift test --filter HostileRequestTests`.
    @Test func `the fixture for sockets holds the same table`() throws {
        struct Entry: Codable, Equatable {
            var name: String
            var bytes: String
            var status: Int
        }
        let entries = hostileRequests.map {
            Entry(name: $0.name, bytes: Data($0.bytes).base64EncodedString(), status: $0.status)
        }
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/hostile-requests.json")
        if ProcessInfo.processInfo.environment["ROOST_WRITE_FIXTURES"] != nil {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try (encoder.encode(entries) + Data("\n".utf8)).write(to: file)
        }
        #expect(try JSONDecoder().decode([Entry].self, from: Data(contentsOf: file)) == entries)
    }
}
