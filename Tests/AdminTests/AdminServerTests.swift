import Admin
import Foundation
import Logging
import Telemetry
import Testing

@Suite(.timeLimit(.minutes(5))) struct AdminServerTests {
    private static func snapshot(ready: Bool = true) -> MetricsSnapshot {
        var snapshot = MetricsSnapshot(version: "1.2.3", server: ServerMetrics(refusalCauses: ["full"]))
        snapshot.phase = .serving
        snapshot.queueDepth = 4
        snapshot.workers = [.init(id: 1, pid: getpid(), state: "ready", isReady: ready, threads: 8)]
        return snapshot
    }

    /// Runs a server while `body` asks it, then stops it.
    private func withServer(
        timeout: Duration = .seconds(30),
        tcp: AdminConfiguration.TCPAddress? = nil,
        snapshot: @escaping AdminServer.SnapshotProvider = { snapshot() },
        _ body: @Sendable @escaping (_ socketPath: String, _ addresses: [String]) async throws -> Void
    ) async throws {
        let directory = try TestDirectory()
        var configuration = AdminConfiguration(socketPath: directory.socketPath, tcp: tcp)
        configuration.snapshotTimeout = timeout
        let (listening, announce) = AsyncStream.makeStream(of: String.self)
        let server = AdminServer(
            configuration: configuration,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onListening: { announce.yield($0) },
            snapshot: snapshot
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
            try await body(directory.socketPath, addresses.sorted())
            await server.stop()
            try await group.waitForAll()
        }
        #expect(!FileManager.default.fileExists(atPath: directory.socketPath))
    }

    /// Why a server could not run; nil when it could, or for another reason.
    private func failure(of server: AdminServer) async -> AdminError.Code? {
        do {
            try await server.run()
            return nil
        } catch {
            return (error as? AdminError)?.code
        }
    }

    /// Asks on a thread that may block.
    private func get(_ target: String, _ path: String) async throws -> AdminClient.Answer {
        try await onThread { try AdminClient(socketPath: path, timeout: .seconds(60)).get(target) }
    }

    @Test func `every route answers`() async throws {
        try await withServer { path, addresses in
            #expect(addresses == ["unix:" + path])
            #expect(try await get("/healthz", path) == .init(status: 200, text: "ok\n"))
            #expect(try await get("/readyz", path) == .init(status: 200, text: "ready\n"))
            let metrics = try await get("/metrics", path)
            #expect(metrics.status == 200)
            #expect(metrics.text.contains("\nroost_queue_depth 4\n"))
            #expect(metrics.text.contains("\nroost_resident_bytes "))
            #expect(metrics.text.contains("\nroost_worker_resident_bytes{worker=\"1\"} "))
            let status = try await get("/status", path)
            let json = try JSONSerialization.jsonObject(with: Data(status.text.utf8)) as? [String: Any]
            #expect(json?["version"] as? String == "1.2.3")
            #expect(try await get("/status?text", path).text.hasPrefix("roost 1.2.3 serving"))
            #expect(try await get("/status?text=1", path).text.hasPrefix("roost 1.2.3 serving"))
            #expect(try await get("/status?context=1", path).text.hasPrefix("{"))
            #expect(try await get("/nothing", path).status == 404)
        }
    }

    @Test func `a server without a ready worker is alive and not ready`() async throws {
        try await withServer(snapshot: { Self.snapshot(ready: false) }) { path, _ in
            #expect(try await get("/healthz", path).status == 200)
            let answer = try await get("/readyz", path)
            #expect(answer == .init(status: 503, text: "no worker is ready (0 of 1)\n"))
        }
    }

    @Test func `a front that does not answer is told of, by one question at a time`() async throws {
        let questions = Questions()
        try await withServer(timeout: .milliseconds(20), snapshot: { await questions.wait() }) { path, _ in
            for target in ["/status", "/metrics", "/readyz"] {
                let answer = try await get(target, path)
                #expect(answer == .init(status: 503, text: "the front does not answer\n"))
            }
            #expect(try await get("/healthz", path).status == 200)
            #expect(await questions.count == 1)
            await questions.answer(Self.snapshot())
        }
    }

    @Test func `the socket is private and in a private directory`() async throws {
        try await withServer { path, _ in
            let socket = try FileManager.default.attributesOfItem(atPath: path)
            #expect(socket[.posixPermissions] as? Int == 0o600)
            let parent = (path as NSString).deletingLastPathComponent
            #expect(try FileManager.default.attributesOfItem(atPath: parent)[.posixPermissions] as? Int == 0o700)
            #expect(try FileManager.default.contentsOfDirectory(atPath: parent).count == 1)
        }
    }

    @Test func `a bad request gets 400 or a closed connection, and the next client is served`() async throws {
        try await withServer { path, _ in
            let requests = [
                "\0\0\0\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /\r\n\r\n", "G", "",
                "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            ]
            for bytes in requests {
                let answer = try await onThread { try rawExchange(bytes, at: path) }
                #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400"), "\(bytes.debugDescription): \(answer)")
            }
            #expect(try await get("/healthz", path).status == 200)
        }
    }

    @Test func `the socket file can go first, and never takes a newer server's with it`() async throws {
        let directory = try TestDirectory()
        let (listening, announce) = AsyncStream.makeStream(of: String.self)
        func server() -> AdminServer {
            AdminServer(
                configuration: AdminConfiguration(socketPath: directory.socketPath),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                onListening: { announce.yield($0) },
                snapshot: { Self.snapshot() }
            )
        }
        let (old, new) = (server(), server())
        var addresses = listening.makeAsyncIterator()
        async let oldRuns: Void = old.run()
        _ = await addresses.next()
        try FileManager.default.removeItem(atPath: directory.socketPath)
        async let newRuns: Void = new.run()
        _ = await addresses.next()

        old.removeSocketFile()
        #expect(try await get("/healthz", directory.socketPath).status == 200)
        await old.stop()
        try await oldRuns
        #expect(try await get("/healthz", directory.socketPath).status == 200)
        new.removeSocketFile()
        #expect(!FileManager.default.fileExists(atPath: directory.socketPath))
        await new.stop()
        try await newRuns
    }

    @Test func `TCP is served when it was asked for`() async throws {
        try await withServer(tcp: .init(host: "127.0.0.1", port: 0)) { _, addresses in
            let port = try #require(addresses.first?.split(separator: ":").last.flatMap { UInt16($0) })
            let answer = try await onThread {
                try rawExchange("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port: port)
            }
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(answer.hasSuffix("ok\n"))
        }
    }

    @Test func `a second server on the same socket is refused and the first goes on`() async throws {
        try await withServer { path, _ in
            let second = AdminServer(
                configuration: AdminConfiguration(socketPath: path),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ) { Self.snapshot() }
            #expect(await failure(of: second) == .inUse)
            let answer = try await get("/healthz", path)
            #expect(answer.status == 200)
        }
    }

    @Test func `what a dead server left is replaced, and what is no socket is not`() async throws {
        let directory = try TestDirectory()
        try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: false)
        try leaveStaleSocket(at: directory.socketPath)
        let (listening, announce) = AsyncStream.makeStream(of: String.self)
        func server() -> AdminServer {
            AdminServer(
                configuration: AdminConfiguration(socketPath: directory.socketPath),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                onListening: { announce.yield($0) },
                snapshot: { Self.snapshot() }
            )
        }
        let first = server()
        async let running: Void = first.run()
        for await _ in listening { break }
        #expect(try await get("/healthz", directory.socketPath).status == 200)
        await first.stop()
        try await running

        try Data("mine".utf8).write(to: URL(fileURLWithPath: directory.socketPath))
        #expect(await failure(of: server()) == .notASocket)
        #expect(try String(contentsOfFile: directory.socketPath, encoding: .utf8) == "mine")
    }
}

/// Questions that are answered when the test says so.
private actor Questions {
    private(set) var count = 0
    private var waiting: [CheckedContinuation<MetricsSnapshot, Never>] = []

    func wait() async -> MetricsSnapshot {
        count += 1
        return await withCheckedContinuation { waiting.append($0) }
    }

    func answer(_ snapshot: MetricsSnapshot) {
        for continuation in waiting { continuation.resume(returning: snapshot) }
        waiting = []
    }
}
