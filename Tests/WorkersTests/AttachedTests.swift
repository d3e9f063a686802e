import Glibc
import RequestQueue
import Testing
import WorkerLink

@testable import Workers

/// A worker that exists already: the process that called `roost.serve`.
///
/// Here it is a fake worker of another pool, which connects to a socket, for the pool finds out by the socket whom to
/// watch.
@Suite(.timeLimit(.minutes(2))) struct AttachedTests {
    /// Connects, takes what is sent, and says that it is ready.
    static let peer = """
        own = control
        front = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        front.connect(os.environ["SOCKET_OF_TEST"])
        tell({"type": "ready"})
        descriptors = []
        for number in (1, 2, 3):
            data, files, _, _ = socket.recv_fds(front, 64, 1)
            assert struct.unpack("QQ", data) == (0x454C4946, number)
            descriptors.append(files[0])
        settings = json.loads(front.recv(65536))
        print(settings["target"], settings["threads"])
        control = socket.socket(fileno=descriptors[1])
        control.send(json.dumps({"type": "ready"}).encode())
        os.write(descriptors[2], bytes(8))
        print(control.recv(100))
        time.sleep(1000)
        """

    /// The pool that has the peer, and the one that is attached to it.
    private func makePools() async throws -> (host: PoolUnderTest, attached: PoolUnderTest, peer: Int32) {
        let listener = OwnedDescriptor(socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0))
        let directory = PoolUnderTest.makeDirectory()
        let path = directory + "/socket"
        defer {
            unlink(path)
            rmdir(directory)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(isBound == 0 && listen(listener.raw, 1) == 0)
        let host = try await PoolUnderTest(Self.peer) {
            $0.warmsUp = false
            $0.environment = ["SOCKET_OF_TEST": path]
        }
        let peer = try #require(await host.nextReady())
        let accepted = accept(listener.raw, nil, nil)
        try #require(accepted >= 0)
        let attached = try await PoolUnderTest("") { $0.source = .attached(socket: accepted) }
        return (host, attached, peer.pid)
    }

    @Test func `an attached process gets the link, becomes ready, and is only told when the pool drains`() async throws
    {
        let (host, attached, peer) = try await makePools()
        #expect(await host.nextLine() == "app:app 2")
        let worker = try #require(await attached.nextReady())
        #expect(worker.pid == peer)
        try await attached.drain(within: .seconds(60))
        #expect(await host.nextLine() == #"b'{"type":"stop"}'"#)
        #expect(await attached.next { $0 == .drained ? true : nil } == true)
        // Nobody signalled it.
        #expect(kill(peer, 0) == 0)
        try await attached.end()
        try await host.end()
    }

    @Test func `the end of an attached process is the end of the pool`() async throws {
        let (host, attached, peer) = try await makePools()
        _ = try #require(await attached.nextReady())
        kill(peer, SIGKILL)
        #expect(await attached.nextDeath()?.exit == .unknown)
        let failure = try #require(await attached.next { if case .failed(let failure) = $0 { failure } else { nil } })
        #expect(failure.code == .peerGone)
        try await attached.end()
        try await host.end()
    }

    @Test func `an attached process that breaks the protocol is let go, not killed`() async throws {
        let (host, attached, peer) = try await makePools()
        _ = try #require(await attached.nextReady())
        try await attached.onLoop { pool in
            for id in Array(pool.workers.keys) { pool.kill(id, because: .protocolViolation(.unknownKind)) }
        }
        let death = try #require(await attached.nextDeath())
        #expect(death.reason == .protocolViolation(.unknownKind))
        #expect(await attached.next { if case .failed = $0 { true } else { nil } } == true)
        #expect(kill(peer, 0) == 0)
        try await attached.end()
        try await host.end()
    }
}
