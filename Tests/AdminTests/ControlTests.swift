import Admin
import Foundation
import Logging
import Synchronization
import Telemetry
import Testing

@Suite(.timeLimit(.minutes(5))) struct ControlTests {
    /// What was asked for.
    private final class Asked: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
        func note(_ text: String) { list.withLock { $0.append(text) } }

        var actions: ControlActions {
            ControlActions(
                reload: {
                    self.note("reload")
                    return ControlAnswer(.failed, "no such \"module\"\n└─ line 2")
                },
                scale: { processes, threads in
                    self.note("scale \(processes ?? -1) \(threads ?? -1)")
                    return ControlAnswer(.done, "scaled", numbers: ["processes": processes ?? 0])
                },
                stop: { ControlAnswer(.done, "draining") },
                upgrade: { binary in
                    self.note("upgrade \(binary ?? "-")")
                    return ControlAnswer(.conflict, "under way")
                }
            )
        }
    }

    private func withServer(
        _ asked: Asked,
        tcp: AdminConfiguration.TCPAddress? = nil,
        _ body: @Sendable @escaping (_ socketPath: String, _ addresses: [String]) async throws -> Void
    ) async throws {
        let directory = try TestDirectory()
        let (listening, announce) = AsyncStream.makeStream(of: String.self)
        let server = AdminServer(
            configuration: AdminConfiguration(socketPath: directory.socketPath, tcp: tcp),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            control: asked.actions,
            onListening: { announce.yield($0) },
            snapshot: { MetricsSnapshot(version: "1", server: ServerMetrics(refusalCauses: [])) }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { announce.finish() }
                try await server.run()
            }
            var addresses: [String] = []
            for await address in listening {
                addresses.append(address)
                if addresses.count == (tcp == nil ? 1 : 2) { break }
            }
            try await body(directory.socketPath, addresses)
            await server.stop()
            try await group.waitForAll()
        }
    }

    private func post(_ target: String, _ path: String) async throws -> AdminClient.Answer {
        try await onThread { try AdminClient(socketPath: path).post(target) }
    }

    @Test func `what fails is answered with its reason, in words or for programs`() async throws {
        let asked = Asked()
        try await withServer(asked) { path, _ in
            let words = try await post("/reload?text", path)
            #expect(words.status == 500)
            #expect(words.text == "no such \"module\"\n└─ line 2\n")
            let json = try await post("/reload", path)
            #expect(json.text.hasPrefix(#"{"outcome":"failed","message":"no such \"module\"\n"#))
        }
        #expect(asked.all == ["reload", "reload"])
    }

    @Test func `numbers are read from the query, and what is none is refused`() async throws {
        let asked = Asked()
        try await withServer(asked) { path, _ in
            let answer = try await post("/scale?processes=4", path)
            #expect(answer.status == 200)
            #expect(answer.number("processes") == 4)
            #expect(try await post("/scale?processes=2&threads=8", path).status == 200)
            #expect(try await post("/scale", path).status == 400)
            let refused = try await post("/scale?threads=many", path)
            #expect(refused.status == 400)
            #expect(refused.text.contains("'many'"))
        }
        #expect(asked.all == ["scale 4 -1", "scale 2 8"])
    }

    @Test func `a path arrives as it was, whatever is in it`() async throws {
        let asked = Asked()
        try await withServer(asked) { path, _ in
            let binary = "/opt/a b&c=d%/röst"
            let answer = try await post("/upgrade?binary=\(AdminClient.escaped(binary))", path)
            #expect(answer.status == 409)
        }
        #expect(asked.all == ["upgrade /opt/a b&c=d%/röst"])
    }

    @Test func `nothing can be changed over TCP, or by reading`() async throws {
        let asked = Asked()
        try await withServer(asked, tcp: .init(host: "127.0.0.1", port: 0)) { path, addresses in
            let tcp = addresses.first { !$0.hasPrefix("unix:") } ?? ""
            let port = UInt16(tcp.split(separator: ":").last ?? "") ?? 0
            let request = "POST /reload HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            let answer = try await onThread { try rawExchange(request, port: port) }
            #expect(answer.hasPrefix("HTTP/1.1 404"))
            #expect(try await onThread { try AdminClient(socketPath: path).get("/reload") }.status != 200)
        }
        #expect(asked.all.isEmpty)
    }

    @Test func `the client hears who the server is before it asks`() async throws {
        try await withServer(Asked()) { path, _ in
            let pid = try await onThread {
                var seen: Int32 = 0
                _ = try AdminClient(socketPath: path).post("/stop") { seen = $0 }
                return seen
            }
            #expect(pid == getpid())
        }
    }
}
