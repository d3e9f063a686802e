import NIOEmbedded
import RequestQueue
import Telemetry
import Testing
import WorkerLink

@testable import Front
@testable import Workers

/// What becomes of requests whose worker ends, does not run, or takes too long.
@Suite struct LosingTests {
    private func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n" }
    private let post = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb"

    private func advanced(_ seconds: UInt64) -> Instant { MonotonicClock.now() + .seconds(seconds) }

    @Test func `a safe request is answered by another worker, and twice lost it is a 502`() throws {
        let front = try FrontUnderTest(processes: 3)
        let client = try front.connect()
        try client.send(get("/a"))
        #expect(try front.workers[0].take()?.path == "/a")
        front.lose(front.workers[0])
        #expect(try client.text().isEmpty)
        #expect(try front.workers[1].take()?.path == "/a")
        front.lose(front.workers[1])
        let answer = try client.text()
        #expect(answer.hasPrefix("HTTP/1.1 502 "))
        #expect(answer.contains("\r\nX-Request-ID: "))
        #expect(!client.isClosed)
        #expect(try front.workers[2].take() == nil)
        #expect(front.dispatcher.metrics.retries["worker_ended"] == 1)
        #expect(front.dispatcher.metrics.failures["worker_ended"] == 1)
    }

    @Test func `after a 502 the connection takes its next request`() throws {
        let front = try FrontUnderTest(processes: 2)
        let client = try front.connect()
        try client.send(post + get("/next"))
        _ = try front.workers[0].take()
        front.lose(front.workers[0])
        #expect(try client.text().hasPrefix("HTTP/1.1 502 "))
        let next = try #require(try front.workers[1].take())
        #expect(next.path == "/next")
        front.workers[1].respond(next.stream, body: [65])
        front.visit()
        #expect(try client.text().hasSuffix("A"))
    }

    @Test func `what the app has marked runs again, with its body`() throws {
        let front = try FrontUnderTest(processes: 2)
        let client = try front.connect()
        try client.send(post)
        let taken = try #require(try front.workers[0].take())
        front.workers[0].markIdempotent(taken.stream)
        front.lose(front.workers[0])
        let again = try #require(try front.workers[1].take())
        #expect(again.body == Array("b".utf8))
        #expect(again.stream != taken.stream)
        #expect(try client.text().isEmpty)
    }

    @Test func `requests that are given back keep their order, before those that came later`() throws {
        let front = try FrontUnderTest(processes: 1, threads: 3)
        let clients = try (0..<5).map { _ in try front.connect() }
        for (number, client) in clients.enumerated() { try client.send(get("/\(number)")) }
        for lane in 0..<3 { _ = try front.worker.take(lane) }
        front.lose(front.worker)
        let other = try front.addWorker(threads: 1)
        var paths: [String] = []
        for _ in 0..<5 {
            front.dispatcher.pump(at: MonotonicClock.now())
            let request = try #require(try other.take())
            paths.append(request.path)
            other.respond(request.stream)
            front.visit()
        }
        #expect(paths == ["/0", "/1", "/2", "/3", "/4"])
    }

    // MARK: Deadlines

    @Test func `a request that runs too long is answered 504 at once, and its thread is busy until it says so`() throws
    {
        let front = try FrontUnderTest { $0.requests.timeout = .seconds(10) }
        let client = try front.connect()
        try client.send(get("/slow"))
        let request = try #require(try front.worker.take())
        front.dispatcher.supervise(at: advanced(9))
        #expect(try client.text().isEmpty)
        front.dispatcher.supervise(at: advanced(11))
        #expect(try client.text().hasPrefix("HTTP/1.1 504 "))
        #expect(front.worker.isCancelled(request.stream))
        #expect(front.dispatcher.queue.busyThreads == 1)
        #expect(front.dispatcher.metrics.failures["request_timeout"] == 1)
        #expect(front.dispatcher.metrics.clientsLeft.total == 0)
        // What it says later is for nobody.
        front.worker.respond(request.stream, body: [65])
        front.visit()
        #expect(try client.text().isEmpty)
        #expect(front.dispatcher.queue.busyThreads == 0)
        #expect(front.violations.isEmpty)
    }

    @Test func `an answer that has begun is cut when it takes too long`() throws {
        let front = try FrontUnderTest { $0.requests.timeout = .seconds(10) }
        let client = try front.connect()
        try client.send(get("/slow"))
        let request = try #require(try front.worker.take())
        front.worker.respond(request.stream, body: [65], isWhole: false)
        front.visit()
        front.dispatcher.supervise(at: advanced(11))
        #expect(parted(try client.bytes()).body == Array("1\r\nA\r\n".utf8))
        #expect(client.isClosed)
        #expect(front.dispatcher.metrics.cuts["request_timeout"] == 1)
    }

    @Test func `a worker whose thread does not come back is replaced once, and is idle without that thread`() throws {
        let front = try FrontUnderTest(threads: 2) { $0.requests.timeout = .seconds(10) }
        var replaced: [ReplacementReason] = []
        front.dispatcher.replaceWorker = {
            replaced.append($1)
            return true
        }
        let client = try front.connect()
        try client.send(get("/slow"))
        // The thread that became idle last.
        let taken = try (0..<2).compactMap { try front.worker.take($0) }
        #expect(taken.count == 1)
        for time: UInt64 in [11, 15, 17] { front.dispatcher.supervise(at: advanced(time)) }
        #expect(replaced.isEmpty)
        #expect(front.dispatcher.seats[0].stuckThreads == 1)
        for time: UInt64 in [19, 20, 30] { front.dispatcher.supervise(at: advanced(time)) }
        #expect(replaced == [.stuck])
        #expect(front.dispatcher.seats[0].isIdle)
    }

    // MARK: Workers that do not run

    @Test func `what a stopped worker has not begun goes to another one, and comes back to it when it runs`() throws {
        let front = try FrontUnderTest(processes: 2)
        let clients = try (0..<2).map { _ in try front.connect() }
        for client in clients { try client.send(post) }
        let running = try #require(try front.workers[1].take())
        let start = MonotonicClock.now()
        front.dispatcher.supervise(at: start + .milliseconds(700))
        front.dispatcher.supervise(at: start + .milliseconds(1100))
        #expect(front.dispatcher.seats[0].pulse.isHeld)
        front.workers[1].respond(running.stream)
        front.visit()
        front.dispatcher.supervise(at: start + .milliseconds(1200))
        front.dispatcher.pump(at: start + .milliseconds(1200))
        let moved = try #require(try front.workers[1].take())
        #expect(front.dispatcher.metrics.retries["not_taken"] == 1)
        // It runs again, passes over what was taken back, and gets requests again.
        #expect(try front.workers[0].take() == nil)
        front.dispatcher.supervise(at: start + .milliseconds(1300))
        #expect(!front.dispatcher.seats[0].pulse.isHeld)
        #expect(front.dispatcher.queue.idleThreads == 1)
        front.workers[1].respond(moved.stream)
        front.visit()
        #expect(try clients.allSatisfy { try $0.text().hasPrefix("HTTP/1.1 200 ") })
        #expect(front.dispatcher.queue.idleThreads == 2)
    }
}

/// Thousands of random events: no slot and no request is ever lost.
@Suite struct SlotPropertyTests {
    private final class Run {
        var random: SeededRandom
        let front: FrontUnderTest
        var clients: [(client: Client, isWaiting: Bool)] = []
        /// What each lane has claimed and not answered, by worker and lane.
        var claimed: [[TakenRequest?]] = []
        var dead: Set<Int> = []
        var offered = 0
        var statuses: [String: Int] = [:]
        var left = 0
        var elapsed = Nanoseconds.zero

        init(seed: UInt64) throws {
            random = SeededRandom(state: seed)
            let threads = Int.random(in: 1...3, using: &random)
            let isLimited = Bool.random(using: &random)
            let limit = Int.random(in: 2...8, using: &random)
            front = try FrontUnderTest(processes: 2, threads: threads) {
                if isLimited { $0.requests.timeout = .seconds(20) }
                $0.queue.limit = limit
                $0.queue.timeout = .seconds(100_000)
            }
            if Bool.random(using: &random) { front.makeQuick() }
            claimed = front.workers.map { _ in Array(repeating: nil, count: threads) }
        }

        var now: Instant { MonotonicClock.now() + elapsed }

        func step() throws {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<35: try send()
            case 35..<75: try work()
            case 75..<82: leave()
            case 82..<86: try crash()
            default:
                elapsed = elapsed + .milliseconds(UInt64.random(in: 0...4000, using: &random))
                front.dispatcher.supervise(at: now)
                front.dispatcher.pump(at: MonotonicClock.now())
                front.loop.run()
            }
            try collect()
        }

        func send() throws {
            if clients.count < 12 { clients.append((try front.connect(), false)) }
            guard let index = clients.indices.filter({ !clients[$0].isWaiting }).randomElement(using: &random) else {
                return
            }
            offered += 1
            clients[index].isWaiting = true
            let isSafe = Bool.random(using: &random)
            try clients[index].client.send(
                isSafe
                    ? "GET /g HTTP/1.1\r\nHost: x\r\n\r\n" : "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
            )
        }

        /// A thread does the next thing.
        func work() throws {
            guard let number = front.workers.indices.filter({ !dead.contains($0) }).randomElement(using: &random),
                let lane = claimed[number].indices.randomElement(using: &random)
            else { return }
            try work(number, lane)
        }

        func work(_ number: Int, _ lane: Int) throws {
            let worker = front.workers[number]
            if let request = claimed[number][lane] {
                if Int.random(in: 0..<10, using: &random) == 0 {
                    worker.send(.abort, request.stream, lane: lane)
                } else {
                    worker.respond(request.stream, lane: lane)
                }
                claimed[number][lane] = nil
                front.visit()
            } else {
                claimed[number][lane] = try worker.take(lane)
            }
        }

        func leave() {
            guard let index = clients.indices.randomElement(using: &random) else { return }
            let (client, isWaiting) = clients.remove(at: index)
            if isWaiting { left += 1 }
            client.leave()
        }

        func crash() throws {
            guard let number = front.workers.indices.filter({ !dead.contains($0) }).randomElement(using: &random) else {
                return
            }
            dead.insert(number)
            front.lose(front.workers[number])
            claimed.append(Array(repeating: nil, count: claimed[number].count))
            try front.addWorker(threads: claimed[number].count)
            front.dispatcher.pump(at: MonotonicClock.now())
        }

        func collect() throws {
            for index in clients.indices.reversed() {
                let text = try clients[index].client.text()
                let answers = text.components(separatedBy: "HTTP/1.1 ").count - 1
                #expect(answers <= (clients[index].isWaiting ? 1 : 0))
                if answers == 1 {
                    statuses[String(text.dropFirst(9).prefix(3)), default: 0] += 1
                    clients[index].isWaiting = false
                }
                if clients[index].client.isClosed {
                    #expect(!clients[index].isWaiting)
                    clients.remove(at: index)
                }
            }
        }

        /// Every thread answers all that it finds.
        func settle() throws {
            for _ in 0..<200 {
                for number in front.workers.indices where !dead.contains(number) {
                    for lane in claimed[number].indices { try work(number, lane) }
                }
                elapsed = elapsed + .milliseconds(100)
                front.dispatcher.supervise(at: now)
                front.dispatcher.pump(at: MonotonicClock.now())
                try collect()
            }
        }
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `whatever happens, depth and busy threads come back to none and each request ends once`(seed: UInt64) throws {
        let run = try Run(seed: seed)
        for _ in 0..<400 { try run.step() }
        try run.settle()
        let queue = run.front.dispatcher.queue
        #expect(queue.depth == 0)
        #expect(queue.stagedCount == 0)
        #expect(queue.busyThreads == 0)
        #expect(queue.idleThreads == queue.threads)
        #expect(run.front.dispatcher.seats.allSatisfy { $0.isIdle && $0.exchanges.isEmpty && !$0.pulse.isHeld })
        #expect(run.clients.allSatisfy { !$0.isWaiting })
        #expect(run.statuses.values.reduce(0, +) + run.left == run.offered)
        #expect(run.front.violations.isEmpty)
        let failed = run.statuses.filter { ["500", "502", "504"].contains($0.key) }.values.reduce(0, +)
        // Some of those who left had failed a moment before.
        #expect(run.front.dispatcher.metrics.failures.total >= UInt64(failed))
    }
}

/// Pseudorandom numbers that are the same in every run (SplitMix64).
private struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }
}
