import Glibc
import Logging
import NIOCore
import NIOPosix
import RequestQueue
import WorkerLink

@testable import Workers

/// What the delegate of a pool was told, in order.
enum PoolEvent: Sendable, Equatable {
    case warmUp(index: Int)
    case ready(index: Int, pid: Int32)
    case threads(index: Int, count: Int)
    case draining(index: Int, pid: Int32)
    case replaced(pid: Int32, because: String)
    case news(index: Int)
    case died(index: Int, WorkerDeath)
    case wrote(String, isError: Bool)
    case failed(StartupFailure)
    case drained
}

/// A pool of fake workers: scripts of Python or of the shell, run in place of the real one.
final class PoolUnderTest: Sendable {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let directory: String
    private let stream: AsyncStream<PoolEvent>
    private let pool: NIOLoopBound<WorkerPool>
    private let observer: NIOLoopBound<Observer>

    /// The start of every fake worker in Python: `tell` sends a message to the front and announces it.
    static let prelude = """
        import json, mmap, os, signal, socket, struct, sys, time
        control = socket.socket(fileno=4)
        link = mmap.mmap(3, os.fstat(3).st_size)
        def tell(message, *descriptors):
            data = message if isinstance(message, bytes) else json.dumps(message).encode()
            socket.send_fds(control, [data], list(descriptors))
            link[72:80] = (1).to_bytes(8, "little")
            os.write(5, (1).to_bytes(8, "little"))
        def stay():
            while True:
                data = control.recv(65536)
                if not data or json.loads(data) == {"type": "stop"}:
                    sys.exit(0)

        """

    /// Starts a pool whose workers run `script`.
    ///
    /// - Parameters:
    ///   - script: Python, behind ``prelude``; or the shell's, when `python` is a shell.
    ///   - python: What runs it.
    ///   - answersWarmUp: What the front says about each warm-up; nil: nothing.
    ///   - isIdle: What the front says about each worker when it is drained.
    ///   - configure: Changes what the pool is made with.
    /// - Throws: When there is no event loop to run it on.
    init(
        _ script: String,
        python: String = "/usr/bin/python3",
        answersWarmUp: Bool? = true,
        isIdle: Bool = true,
        configure: (inout WorkerPoolConfiguration) -> Void = { _ in }
    ) async throws {
        directory = Self.makeDirectory()
        let path = directory + "/script"
        let file = OwnedDescriptor(open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600))
        var text = python.hasSuffix("sh") ? script : Self.prelude + script
        text.withUTF8 { _ = write(file.raw, $0.baseAddress, $0.count) }

        var configuration = WorkerPoolConfiguration(
            python: python,
            bootstrap: path,
            library: "/nowhere.so",
            target: "app:app",
            applicationDirectory: "/srv"
        )
        configuration.threads = 2
        configure(&configuration)

        let (stream, continuation) = AsyncStream.makeStream(of: PoolEvent.self)
        self.stream = stream
        let loop = group.next()
        let final = configuration
        (pool, observer) = try await loop.submit {
            let observer = Observer(continuation, answersWarmUp: answersWarmUp, isIdle: isIdle)
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let pool = WorkerPool(configuration: final, eventLoop: loop, logger: logger, delegate: observer)
            pool.start()
            return (NIOLoopBound(pool, eventLoop: loop), NIOLoopBound(observer, eventLoop: loop))
        }.get()
    }

    /// Runs `body` on the pool's loop.
    func onLoop<Result: Sendable>(_ body: @escaping @Sendable (WorkerPool) throws -> Result) async throws -> Result {
        let pool = pool
        return try await group.next().submit { try body(pool.value) }.get()
    }

    /// The next event that `choose` wants; nil is what it gives for others.
    func next<Result>(_ choose: (PoolEvent) -> Result?) async -> Result? {
        for await event in stream {
            if let result = choose(event) { return result }
        }
        return nil
    }

    /// The next worker that became ready.
    func nextReady() async -> (index: Int, pid: Int32)? {
        await next { if case .ready(let index, let pid) = $0 { (index, pid) } else { nil } }
    }

    /// The next death.
    func nextDeath() async -> WorkerDeath? {
        await next { if case .died(_, let death) = $0 { death } else { nil } }
    }

    /// The next line that a worker wrote.
    func nextLine() async -> String? {
        await next { if case .wrote(let line, _) = $0 { line } else { nil } }
    }

    /// Has every worker seem to have answered so many requests.
    func serve(_ requests: UInt64) async throws {
        let observer = observer
        try await group.next().submit { observer.value.requestsServed = requests }.get()
    }

    /// Begins to drain; ``PoolEvent/drained`` is the last event.
    func drain(within interval: Duration) async throws {
        let observer = observer
        try await onLoop { pool in
            pool.drain(within: interval).assumeIsolated().whenComplete { _ in observer.value.record(.drained) }
        }
    }

    /// Drains, and ends the loop.
    func end() async throws {
        let future = try await onLoop { $0.drain(within: .zero) }
        try await future.get()
        try await group.shutdownGracefully()
        for name in ["script", "script.starts"] { unlink(directory + "/" + name) }
        rmdir(directory)
    }

    /// A new directory for files of a test.
    static func makeDirectory() -> String {
        var template = Array("/tmp/roost-workers-XXXXXX".utf8CString)
        return mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
    }

    private final class Observer: WorkerPoolDelegate {
        private let continuation: AsyncStream<PoolEvent>.Continuation
        private let answersWarmUp: Bool?
        private let isIdleAlways: Bool
        var requestsServed: UInt64 = 0

        init(_ continuation: AsyncStream<PoolEvent>.Continuation, answersWarmUp: Bool?, isIdle: Bool) {
            self.continuation = continuation
            self.answersWarmUp = answersWarmUp
            isIdleAlways = isIdle
        }

        func record(_ event: PoolEvent) { continuation.yield(event) }

        func workerNeedsWarmUp(_ worker: Worker, done: @escaping (Bool) -> Void) {
            record(.warmUp(index: worker.index))
            if let answersWarmUp { done(answersWarmUp) }
        }
        func workerBecameReady(_ worker: Worker) { record(.ready(index: worker.index, pid: worker.pid)) }
        func workerThreadsChanged(_ worker: Worker) {
            record(.threads(index: worker.index, count: worker.threads))
        }
        func workerIsDraining(_ worker: Worker) { record(.draining(index: worker.index, pid: worker.pid)) }
        func workerWasReplaced(_ worker: Worker, because reason: ReplacementReason) {
            record(.replaced(pid: worker.pid, because: reason.shortName))
        }
        func requestsServed(by worker: Worker) -> UInt64 { requestsServed }
        func workerHasNews(_ worker: Worker) { worker.visitNews { _ in record(.news(index: worker.index)) } }
        func workerDied(_ worker: Worker, _ death: WorkerDeath) { record(.died(index: worker.index, death)) }
        func isIdle(_ worker: Worker) -> Bool { isIdleAlways }
        func workerWrote(_ line: WorkerLine, from source: WorkerOutput) {
            record(.wrote(line.text, isError: source.isError))
        }
        func poolFailed(_ failure: StartupFailure) { record(.failed(failure)) }
    }
}
