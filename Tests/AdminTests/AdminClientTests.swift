import Admin
import Foundation
import Testing

@Suite(.timeLimit(.minutes(5))) struct AdminClientTests {
    /// What the client makes of a server that sends these bytes and closes.
    private func answer(to bytes: String) async throws -> Result<AdminClient.Answer, AdminClientError> {
        let directory = try TestDirectory()
        try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: false)
        let listener = try TestListener(path: directory.socketPath)
        async let served: Void = onThread { try listener.answerOne(bytes) }
        let result = try await onThread { () -> Result<AdminClient.Answer, AdminClientError> in
            do throws(AdminClientError) {
                return .success(try AdminClient(socketPath: directory.socketPath).get("/x"))
            } catch {
                return .failure(error)
            }
        }
        try await served
        return result
    }

    @Test func `an answer with a length is cut to it, one without ends with the connection`() async throws {
        let cut = try await answer(to: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore")
        #expect(cut == .success(.init(status: 200, text: "ok")))
        let whole = try await answer(to: "HTTP/1.1 503 No\r\n\r\nwhy not")
        #expect(whole == .success(.init(status: 503, text: "why not")))
    }

    @Test(arguments: [
        "", "SSH-2.0-OpenSSH_9\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 99 Low\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\n",
    ])
    func `what is no whole answer is an error`(bytes: String) async throws {
        let result = try await answer(to: bytes)
        let error = #expect(throws: AdminClientError.self) { try result.get() }
        #expect(error?.code == .badAnswer)
    }

    @Test func `no socket, a stale socket, and no socket file are no server`() async throws {
        let directory = try TestDirectory()
        let client = AdminClient(socketPath: directory.socketPath)
        let missing = #expect(throws: AdminClientError.self) { try client.get("/status") }
        #expect(missing?.code == .noServer)
        #expect(missing?.description.contains("no server listens here") == true)

        try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: false)
        try leaveStaleSocket(at: directory.socketPath)
        let stale = #expect(throws: AdminClientError.self) { try client.get("/status") }
        #expect(stale?.code == .noServer)

        let long = AdminClient(socketPath: "/" + String(repeating: "x", count: 200))
        let tooLong = #expect(throws: AdminClientError.self) { try long.get("/status") }
        #expect(tooLong?.code == .noServer)
    }

    @Test func `a server that accepts and says nothing is given up on`() throws {
        let directory = try TestDirectory()
        try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: false)
        let listener = try TestListener(path: directory.socketPath)
        let client = AdminClient(socketPath: directory.socketPath, timeout: .milliseconds(20))
        let error = #expect(throws: AdminClientError.self) { try client.get("/status") }
        #expect(error?.code == .notAnswering)
        withExtendedLifetime(listener) {}
    }
}
