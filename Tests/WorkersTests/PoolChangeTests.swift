import Glibc
import NIOCore
import RequestQueue
import Testing

@testable import Workers

/// Reload, replacement and scaling of real processes.
@Suite(.timeLimit(.minutes(2))) struct PoolChangeTests {
    static let ready = "tell({'type': 'ready'})\n"
    /// Serves, and says how many threads it was told to have.
    static let serving =
        ready + """
            threads = 2
            while True:
                data = control.recv(65536)
                message = json.loads(data) if data else {"type": "stop"}
                if message["type"] == "stop":
                    sys.exit(0)
                if message["type"] == "threads":
                    tell({"type": "threads", "count": message["count"]})
            """

    private func nextDraining(_ pool: PoolUnderTest) async -> Int32? {
        await pool.next { if case .draining(_, let pid) = $0 { pid } else { nil } }
    }

    @Test func `a reload opens all new workers before it drains the old`() async throws {
        let pool = try await PoolUnderTest(Self.ready + "stay()") { $0.processes = 2 }
        let old = [try #require(await pool.nextReady()).pid, try #require(await pool.nextReady()).pid]
        let reload = try await pool.onLoop { $0.reload() }
        let new = [try #require(await pool.nextReady()).pid, try #require(await pool.nextReady()).pid]
        #expect(Set(old).isDisjoint(with: new))
        let drained = [await nextDraining(pool), await nextDraining(pool)]
        #expect(Set(drained) == Set(old))
        try await reload.get()
        for _ in 0..<2 { #expect(await pool.nextDeath()?.exit == .exited(status: 0)) }
        #expect(try await pool.onLoop { $0.workers.values.map(\.generation) } == [2, 2])
        try await pool.end()
    }

    @Test func `a reload of an app that cannot be loaded fails with its words, and the old worker goes on`()
        async throws
    {
        let pool = try await PoolUnderTest(Self.ready + "stay()")
        let old = try #require(await pool.nextReady())
        let reload = try await pool.onLoop { pool in
            var configuration = pool.configuration
            configuration.python = "/nowhere/python"
            return pool.reload(with: configuration)
        }
        await #expect(throws: StartupFailure.self) { try await reload.get() }
        #expect(try await pool.onLoop { $0.workers.values.map(\.pid) } == [old.pid])
        #expect(try await pool.onLoop { $0.configuration.python } == "/usr/bin/python3")
        try await pool.end()
    }

    @Test func `reloads that are asked for during one become one more`() async throws {
        let pool = try await PoolUnderTest(Self.ready + "stay()")
        _ = try #require(await pool.nextReady())
        let reloads = try await pool.onLoop { pool in (0..<4).map { _ in pool.reload() } }
        for reload in reloads { try await reload.get() }
        #expect(try await pool.onLoop { $0.generation } == 3)
        try await pool.end()
    }

    @Test func `a drain ends a reload under way, and all who wait for one are told`() async throws {
        let pool = try await PoolUnderTest(
            """
            starts = __file__ + ".starts"
            with open(starts, "a") as file: file.write("x")
            if os.path.getsize(starts) > 1:
                time.sleep(1000)
            """ + "\n" + Self.ready + "stay()"
        )
        _ = try #require(await pool.nextReady())
        let reloads = try await pool.onLoop { pool in (0..<2).map { _ in pool.reload() } }
        try await pool.drain(within: .seconds(60))
        for reload in reloads {
            let failure = await #expect(throws: StartupFailure.self) { try await reload.get() }
            #expect(failure?.code == .draining)
        }
        #expect(await pool.next { $0 == .drained ? true : nil } == true)
        try await pool.end()
    }

    @Test func `a worker that has answered enough is replaced, and leaves after its successor is ready`() async throws {
        let pool = try await PoolUnderTest(Self.ready + "stay()") { $0.recycling.maximumRequests = 10 }
        let old = try #require(await pool.nextReady())
        try await pool.serve(9)
        try await pool.onLoop { $0.recycleDue() }
        #expect(try await pool.onLoop { $0.workers.count } == 1)
        try await pool.serve(10)
        try await pool.onLoop { $0.recycleDue() }
        let new = try #require(await pool.nextReady())
        #expect(new.index == old.index)
        #expect(
            await pool.next {
                if case .replaced(let pid, let reason) = $0 { "\(pid == old.pid) \(reason)" } else { nil }
            }
                == "true max_requests"
        )
        #expect(await nextDraining(pool) == old.pid)
        #expect(await pool.nextDeath()?.reason == .drained)
        try await pool.end()
    }

    @Test func `a stuck worker gets no more requests at once`() async throws {
        let pool = try await PoolUnderTest(Self.ready + "stay()")
        let old = try #require(await pool.nextReady())
        #expect(try await pool.onLoop { pool in pool.replace(WorkerID(raw: 1), because: .stuck) })
        #expect(await nextDraining(pool) == old.pid)
        #expect(await pool.nextReady() != nil)
        try await pool.end()
    }

    @Test func `threads beyond those there are count once the worker says that they exist`() async throws {
        let pool = try await PoolUnderTest(Self.serving)
        _ = try #require(await pool.nextReady())
        let before = try await pool.onLoop { pool in
            try pool.scale(processes: nil, threads: 6)
            return pool.workers.values.map(\.threads)
        }
        #expect(before == [2])
        #expect(
            await pool.next { if case .threads(_, let count) = $0 { count } else { nil } } == 6
        )
        // Fewer need nobody's word.
        let after = try await pool.onLoop { pool in
            try pool.scale(processes: nil, threads: 1)
            return pool.workers.values.map(\.threads)
        }
        #expect(after == [1])
        try await pool.end()
    }

    @Test func `scaling starts and drains workers, and says the range of what is out of it`() async throws {
        let pool = try await PoolUnderTest(Self.ready + "stay()")
        _ = try #require(await pool.nextReady())
        try await pool.onLoop { try $0.scale(processes: 2, threads: nil) }
        let second = try #require(await pool.nextReady())
        #expect(second.index == 1)
        try await pool.onLoop { try $0.scale(processes: 1, threads: nil) }
        #expect(await nextDraining(pool) == second.pid)
        #expect(await pool.nextDeath()?.exit == .exited(status: 0))
        for (processes, threads, range) in [(0, 1, "1 and 256"), (1, 17, "1 and 16"), (257, 1, "1 and 256")] {
            let failure = try await pool.onLoop { pool -> String in
                do {
                    try pool.scale(processes: processes, threads: threads)
                    return "no failure"
                } catch {
                    return "\(error)"
                }
            }
            #expect(failure.contains(range))
        }
        try await pool.end()
    }
}
