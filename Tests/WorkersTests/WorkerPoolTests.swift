import Glibc
import RequestQueue
import Testing
import WorkerLink

@testable import Workers

/// Real processes.
///
/// Nothing is timed: each test waits for the event it is about, and a test that hangs has failed.
@Suite(.timeLimit(.minutes(2))) struct WorkerPoolTests {
    static let ready = "tell({'type': 'ready', 'python': '3', 'app': 'fake', 'import_seconds': 0.1})\n"

    @Test func `a worker is warmed up, becomes ready, and leaves when it is asked to`() async throws {
        let pool = try await PoolUnderTest(Self.ready + "stay()")
        #expect(await pool.next { $0 } == .warmUp(index: 0))
        let worker = try #require(await pool.nextReady())
        #expect(worker.index == 0)
        try await pool.drain(within: .seconds(60))
        let death = try #require(await pool.nextDeath())
        #expect(death.exit == .exited(status: 0))
        #expect(death.reason == .drained)
        #expect(await pool.next { $0 == .drained ? true : nil } == true)
        try await pool.end()
    }

    @Test func `workers start side by side and are named by their positions`() async throws {
        let pool = try await PoolUnderTest(Self.ready + "stay()") { $0.processes = 3 }
        var indices: Set<Int> = []
        for _ in 0..<3 { indices.insert(try #require(await pool.nextReady()).index) }
        #expect(indices == [0, 1, 2])
        #expect(try await pool.onLoop { $0.readyCount } == 3)
        try await pool.end()
    }

    @Test func `a worker inherits the link, the control socket and the doorbell, and nothing else`() async throws {
        // Something that must not be inherited, though nobody marked it.
        let stray = OwnedDescriptor(open("/dev/null", O_RDONLY))
        #expect(stray.raw >= 0)
        // Two more are the script's own: the copy that mmap makes, and the directory that is being listed.
        let pool = try await PoolUnderTest(
            """
            print(sorted(int(name) for name in os.listdir("/proc/self/fd")))
            print([os.readlink("/proc/self/fd/%d" % number).split(":")[0] for number in range(6)])
            """ + "\n" + Self.ready + "stay()"
        )
        #expect(await pool.nextLine() == "[0, 1, 2, 3, 4, 5, 6, 7]")
        #expect(await pool.nextLine() == "['/dev/null', 'pipe', 'pipe', '/memfd', 'socket', 'pipe']")
        try await pool.end()
    }

    @Test func `a worker is told what to serve, in its environment`() async throws {
        let pool = try await PoolUnderTest(
            """
            settings = json.loads(os.environ["ROOST_WORKER"])
            print([settings[name] for name in ("target", "app_dir", "threads", "processes", "worker", "request_ring")])
            print(os.environ["GREETING"], "PATH" in os.environ, os.getcwd())
            """ + "\n" + Self.ready + "stay()"
        ) {
            $0.environment = ["GREETING": "hello"]
            $0.workingDirectory = "/usr"
        }
        #expect(await pool.nextLine() == "['app:app', '/srv', 2, 1, 0, 131072]")
        #expect(await pool.nextLine() == "hello True /usr")
        try await pool.end()
    }

    @Test func `what a worker writes arrives line by line, also the last words of one that dies`() async throws {
        let pool = try await PoolUnderTest("echo one; echo two >&2; printf three; exit 7", python: "/bin/sh")
        var lines: Set<String> = []
        for _ in 0..<3 {
            lines.insert(
                try #require(
                    await pool.next { if case .wrote(let line, let isError) = $0 { "\(line) \(isError)" } else { nil } }
                )
            )
        }
        #expect(lines == ["one false", "two true", "three false"])
        try await pool.end()
    }

    @Test func `a python that does not exist is a clear failure`() async throws {
        let pool = try await PoolUnderTest("", python: "/nowhere/python")
        let failure = try #require(await pool.next { if case .failed(let failure) = $0 { failure } else { nil } })
        #expect(failure.code == .notSpawned)
        #expect(failure.title == "python not found")
        #expect(failure.reason == "/nowhere/python: No such file or directory")
        try await pool.end()
    }

    @Test func `a working directory that does not exist is a clear failure`() async throws {
        let pool = try await PoolUnderTest("", python: "/bin/sh") { $0.workingDirectory = "/nowhere" }
        let failure = try #require(await pool.next { if case .failed(let failure) = $0 { failure } else { nil } })
        #expect(failure.title == "the working directory cannot be entered")
        try await pool.end()
    }

    @Test func `a worker that cannot import the app at the first start ends the pool with its words`() async throws {
        let pool = try await PoolUnderTest(
            "tell({'type': 'failed', 'title': 'application not found', 'reason': 'no module named app', 'traceback': 'T'})\n"
                + "sys.exit(1)"
        ) { $0.processes = 2 }
        let failure = try #require(await pool.next { if case .failed(let failure) = $0 { failure } else { nil } })
        #expect(failure.code == .notLoaded)
        #expect(failure.title == "application not found")
        #expect(failure.traceback == "T")
        #expect(try await pool.onLoop { $0.workers.isEmpty })
        try await pool.end()
    }

    @Test func `a worker that only rings, without the library's announcement, is heard too`() async throws {
        let pool = try await PoolUnderTest(
            "control.send(b'{\"type\":\"failed\",\"title\":\"no library\"}'); os.write(5, b'12345678'); stay()"
        )
        let failure = try #require(await pool.next { if case .failed(let failure) = $0 { failure } else { nil } })
        #expect(failure.title == "no library")
        try await pool.end()
    }

    @Test(arguments: [("exit 3", "exit status 3"), ("kill -11 $$", "signal 11 (SIGSEGV)")])
    func `a worker that ends before it is ready fails the first start, and the failure says how it ended`(
        script: String,
        ending: String
    ) async throws {
        let pool = try await PoolUnderTest(script, python: "/bin/sh")
        let failure = try #require(await pool.next { if case .failed(let failure) = $0 { failure } else { nil } })
        #expect(failure.code == .ended)
        #expect(failure.reason.hasSuffix(ending))
        try await pool.end()
    }

    @Test func `a worker that is not ready in time is killed`() async throws {
        let pool = try await PoolUnderTest("time.sleep(1000)") { $0.startupTimeout = .milliseconds(20) }
        let death = try #require(await pool.nextDeath())
        #expect(death.exit == .signalled(SIGKILL))
        #expect(death.failure?.code == .timedOut)
        try await pool.end()
    }

    @Test func `a worker whose warm-up gets no answer is a failed start`() async throws {
        let pool = try await PoolUnderTest(Self.ready + "stay()", answersWarmUp: false)
        let failure = try #require(await pool.next { if case .failed(let failure) = $0 { failure } else { nil } })
        #expect(failure.code == .noAnswer)
        try await pool.end()
    }

    @Test(arguments: [SIGKILL, SIGSEGV])
    func `the death of a ready worker by a signal is noticed and the worker replaced`(signal: Int32) async throws {
        let pool = try await PoolUnderTest(Self.ready + "stay()") { $0.warmsUp = false }
        let first = try #require(await pool.nextReady())
        kill(first.pid, signal)
        let death = try #require(await pool.nextDeath())
        #expect(death.exit == .signalled(signal))
        #expect(death.reason == nil)
        #expect(death.served != nil)
        let second = try #require(await pool.nextReady())
        #expect(second.index == first.index && second.pid != first.pid)
        try await pool.end()
    }

    @Test func `a child that holds the worker's descriptors open does not hide its death`() async throws {
        let pool = try await PoolUnderTest(
            """
            child = os.fork()
            if child == 0:
                time.sleep(1000)
            """ + "\n" + Self.ready + "stay()"
        )
        let worker = try #require(await pool.nextReady())
        // Forked before that, so it is there.
        let file = OwnedDescriptor(open("/proc/\(worker.pid)/task/\(worker.pid)/children", O_RDONLY))
        var digits = [UInt8](repeating: 0, count: 16)
        let count = read(file.raw, &digits, digits.count)
        let text = String(decoding: digits.prefix(max(count, 0)), as: UTF8.self)
        let child = try #require(text.split(separator: " ").first.flatMap { Int32($0) })
        kill(worker.pid, SIGKILL)
        #expect(await pool.nextDeath()?.exit == .signalled(SIGKILL))
        #expect(kill(child, SIGKILL) == 0)
        try await pool.end()
    }

    @Test func `a worker that cannot start again is waited for while the pool lives on`() async throws {
        // The first start of each position succeeds, the second fails, the third succeeds.
        let pool = try await PoolUnderTest(
            """
            starts = __file__ + ".starts"
            with open(starts, "a") as file: file.write("x")
            if os.path.getsize(starts) == 2:
                tell({"type": "failed", "title": "database away", "reason": "later"})
                stay()
            """ + "\n" + Self.ready + "stay()"
        )
        let first = try #require(await pool.nextReady())
        kill(first.pid, SIGKILL)
        #expect(await pool.nextDeath()?.exit == .signalled(SIGKILL))
        #expect(await pool.nextDeath()?.failure?.title == "database away")
        #expect(await pool.nextReady() != nil)
        try await pool.end()
    }

    @Test(arguments: [
        "tell(b'garbage')", "tell(b'FILE')", "tell({'type': 'ready'})", "tell(b'x' * 70000)",
        "[tell(struct.pack('QQ', 0x454C4946, n), 0) for n in range(20)]",
    ])
    func `a ready worker that says what it may not is killed and replaced`(deed: String) async throws {
        let pool = try await PoolUnderTest(
            Self.ready + "control.recv(100)\n\(deed)\nstay()"
        )
        _ = try #require(await pool.nextReady())
        // Any message sets it off.
        try await pool.onLoop { pool in
            for worker in pool.workers.values { worker.control.send("{}") }
        }
        let death = try #require(await pool.nextDeath())
        #expect(death.exit == .signalled(SIGKILL))
        guard case .protocolViolation = death.reason else {
            Issue.record("killed because of \(String(describing: death.reason))")
            return
        }
        #expect(await pool.nextReady() != nil)
        try await pool.end()
    }

    @Test func `a worker that closes its doorbell is killed: nobody would see its answers`() async throws {
        let pool = try await PoolUnderTest(Self.ready + "os.close(5)\nstay()")
        #expect(await pool.nextDeath()?.reason == .doorbellClosed)
        try await pool.end()
    }

    @Test func `lanes with news are visited, also those announced before the worker's death`() async throws {
        let pool = try await PoolUnderTest(
            Self.ready + "control.recv(100)\nlink[128:136] = (2).to_bytes(8, 'little')\nos._exit(0)"
        )
        _ = try #require(await pool.nextReady())
        try await pool.onLoop { pool in
            for worker in pool.workers.values { worker.control.send("{}") }
        }
        #expect(await pool.next { if case .news = $0 { true } else if case .died = $0 { false } else { nil } } == true)
        try await pool.end()
    }

    @Test func `a busy worker is asked to leave only when it is idle`() async throws {
        let pool = try await PoolUnderTest(Self.ready + "stay()", isIdle: false)
        _ = try #require(await pool.nextReady())
        try await pool.drain(within: .seconds(600))
        #expect(try await pool.onLoop { $0.workers.values.map(\.stateName) } == ["draining"])
        try await pool.onLoop { pool in
            for worker in pool.workers.values { pool.becameIdle(worker) }
        }
        #expect(await pool.nextDeath()?.exit == .exited(status: 0))
        try await pool.end()
    }

    @Test func `a worker that will not leave is ended when the drain's time is over`() async throws {
        let pool = try await PoolUnderTest(
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + Self.ready + "while True: time.sleep(1000)"
        )
        _ = try #require(await pool.nextReady())
        try await pool.drain(within: .milliseconds(50))
        let death = try #require(await pool.nextDeath())
        #expect(death.exit == .signalled(SIGKILL))
        #expect(death.reason == .drainTimeout)
        #expect(await pool.next { $0 == .drained ? true : nil } == true)
        try await pool.end()
    }

    @Test func `a startup timeout beyond any clock is no timeout`() async throws {
        let pool = try await PoolUnderTest(Self.ready + "stay()") { $0.startupTimeout = .seconds(Int64.max) }
        #expect(await pool.nextReady() != nil)
        try await pool.end()
    }

    @Test func `a flood of log messages is heard to its end`() async throws {
        let pool = try await PoolUnderTest(
            "control.setblocking(True)\n"
                + "for n in range(200): tell({'type': 'log', 'level': 'info', 'message': str(n)})\n" + Self.ready
                + "stay()"
        )
        #expect(await pool.nextReady() != nil)
        try await pool.end()
    }

    @Test func `a pool drained while its workers start ends them`() async throws {
        let pool = try await PoolUnderTest("time.sleep(1000)") { $0.processes = 2 }
        try await pool.drain(within: .seconds(60))
        #expect(await pool.next { $0 == .drained ? true : nil } == true)
        try await pool.end()
    }

    @Test func `a file that the worker sent is taken by its stream, and only a regular one of that length`()
        async throws
    {
        let pool = try await PoolUnderTest(
            """
            file = os.memfd_create("body")
            os.write(file, b"0123456789")
            tell(struct.pack("QQ", 0x454C4946, 7), file)
            tell(struct.pack("QQ", 0x454C4946, 8), 0)
            """ + "\n" + Self.ready + "stay()"
        )
        _ = try #require(await pool.nextReady())
        let content = try await pool.onLoop { pool in
            let worker = try #require(pool.workers.values.first)
            #expect(throws: LinkViolation.badDescriptor) { try worker.takeFile(for: 8, through: 0) }
            #expect(throws: LinkViolation.badDescriptor) { try worker.takeFile(for: 9, through: 0) }
            let file = OwnedDescriptor(try #require(try worker.takeFile(for: 7, through: 10)))
            var bytes = [UInt8](repeating: 0, count: 16)
            return bytes.withUnsafeMutableBytes { pread(file.raw, $0.baseAddress, $0.count, 0) }
        }
        #expect(content == 10)
        try await pool.end()
    }

    @Test func `a file reaches the worker`() async throws {
        let pool = try await PoolUnderTest(
            Self.ready
                + """
                data, files, _, _ = socket.recv_fds(control, 64, 1)
                print(struct.unpack("QQ", data)[1], os.pread(files[0], 4, 0))
                stay()
                """
        )
        _ = try #require(await pool.nextReady())
        let isSent = try await pool.onLoop { pool in
            let worker = try #require(pool.workers.values.first)
            let file = OwnedDescriptor(open("/proc/self/exe", O_RDONLY))
            return worker.send(file: file.raw, stream: 42)
        }
        #expect(isSent)
        #expect(await pool.nextLine() == #"42 b'\x7fELF'"#)
        try await pool.end()
    }
}
