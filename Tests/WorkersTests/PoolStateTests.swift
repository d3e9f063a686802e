import RequestQueue
import Testing

@testable import Workers

/// A pool's decisions, with a clock that is advanced by hand and workers that are numbers.
struct PoolFixture {
    static let failure = StartupFailure(.notLoaded, title: "application not found", reason: "no such module")
    static let failedStart = WorkerDeath(
        exit: .exited(status: 1),
        reason: .failedToStart,
        served: nil,
        failure: failure
    )
    static func crash(served: Duration?) -> WorkerDeath {
        WorkerDeath(exit: .signalled(11), reason: nil, served: served, failure: nil)
    }
    static let left = WorkerDeath(exit: .exited(status: 0), reason: .drained, served: .seconds(9), failure: nil)

    var clock = ManualClock()
    var state: PoolState
    private var lastID = 0

    init(processes: Int, replacesWorkers: Bool = true) {
        state = PoolState(processes: processes, replacesWorkers: replacesWorkers)
        state.start(at: clock.now)
    }

    /// A pool in which all serve.
    static func serving(_ processes: Int, replacesWorkers: Bool = true) -> PoolFixture {
        var pool = PoolFixture(processes: processes, replacesWorkers: replacesWorkers)
        for worker in pool.startDue() { _ = pool.prepared(worker) }
        return pool
    }

    /// Starts everybody who is due.
    mutating func startDue() -> [WorkerID] {
        state.due(at: clock.now).map { place in
            lastID += 1
            state.filled(place, with: WorkerID(raw: lastID))
            return WorkerID(raw: lastID)
        }
    }

    // One call each, for the macro of an expectation can mutate no more than a variable.
    mutating func prepared(_ worker: WorkerID) -> [PoolState.Action] { state.prepared(worker) }
    mutating func drain() -> [PoolState.Action] { state.drain() }
    mutating func reload(processes: Int) -> Bool { state.reload(processes: processes, at: clock.now) }
    mutating func scale(to processes: Int) -> [PoolState.Action] { state.scale(to: processes, at: clock.now) }
    mutating func replace(_ worker: WorkerID, because reason: ReplacementReason) -> Bool {
        state.replace(worker, because: reason, at: clock.now) != nil
    }
    mutating func notStarted(_ place: PoolState.Place) -> [PoolState.Action] {
        state.notStarted(place, failure: Self.failure, jitter: 0, at: clock.now)
    }

    mutating func end(_ worker: WorkerID, _ death: WorkerDeath) -> [PoolState.Action] {
        state.ended(worker, death, jitter: 0, at: clock.now)
    }
}

/// The name of the `raw`th worker that was started.
func worker(_ raw: Int) -> WorkerID { WorkerID(raw: raw) }

@Suite struct `The first start` {
    @Test func `all workers start side by side`() {
        var pool = PoolFixture(processes: 3)
        #expect(pool.state.due(at: pool.clock.now).map(\.index) == [0, 1, 2])
        #expect(pool.startDue() == [worker(1), worker(2), worker(3)])
        #expect(pool.prepared(worker(2)) == [.open(worker(2))])
    }

    @Test func `a worker that cannot start ends a pool that has never served`() {
        var pool = PoolFixture(processes: 2)
        _ = pool.startDue()
        #expect(pool.end(worker(1), PoolFixture.failedStart) == [.fail(PoolFixture.failure)])
        #expect(!pool.state.isOver)
        // The other one is killed by the owner; its end is no second failure.
        #expect(pool.end(worker(2), PoolFixture.failedStart) == [])
        #expect(pool.state.isOver)
        #expect(pool.state.phase == .failed(PoolFixture.failure))
    }

    @Test func `a process that cannot be made ends a pool that has never served`() throws {
        var pool = PoolFixture(processes: 1)
        let place = try #require(pool.state.due(at: pool.clock.now).first)
        #expect(
            pool.notStarted(place)
                == [.fail(PoolFixture.failure)]
        )
        #expect(pool.state.isOver)
    }

    @Test func `once a worker has served, failures are waited out ever longer`() {
        var pool = PoolFixture.serving(2)
        var waits: [Duration] = []
        var worker = worker(1)
        for _ in 0..<3 {
            guard case .waitToReplace(let wait)? = pool.end(worker, PoolFixture.failedStart).first else {
                Issue.record("the pool gave up")
                return
            }
            waits.append(wait)
            #expect(pool.startDue() == [])
            pool.clock.advance(by: Nanoseconds(wait))
            guard let next = pool.startDue().first else {
                Issue.record("nobody comes")
                return
            }
            worker = next
        }
        #expect(waits == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
        #expect(pool.state.positions[1].current == .filled(WorkerID(raw: 2)))
    }

    @Test func `a crash after a proven life is replaced at once`() {
        var pool = PoolFixture.serving(1)
        #expect(pool.end(worker(1), PoolFixture.crash(served: .seconds(10))) == [.waitToReplace(for: .zero)])
        #expect(pool.startDue() == [worker(2)])
    }

    @Test func `a worker that is not ours is neither replaced nor reloaded nor scaled`() {
        var pool = PoolFixture.serving(1, replacesWorkers: false)
        #expect(pool.reload(processes: 1) == false)
        #expect(pool.replace(worker(1), because: .stuck) == false)
        #expect(pool.scale(to: 2) == [])
        guard case .fail(let failure)? = pool.end(worker(1), PoolFixture.crash(served: .seconds(60))).first else {
            Issue.record("the pool goes on")
            return
        }
        #expect(failure.code == .peerGone)
    }
}

@Suite struct `The end of a pool` {
    @Test func `a draining pool replaces nobody and is over when the last has gone`() {
        var pool = PoolFixture.serving(2)
        _ = pool.end(worker(1), PoolFixture.crash(served: .zero))
        #expect(pool.drain() == [])
        #expect(pool.state.nextStart == nil)
        #expect(!pool.state.isOver)
        #expect(pool.end(worker(2), PoolFixture.crash(served: .zero)) == [])
        #expect(pool.state.isOver)
    }

    @Test func `a pool that never started is over when it is drained`() {
        var state = PoolState(processes: 4)
        #expect(!state.isOver)
        _ = state.drain()
        #expect(state.isOver)
        state.start(at: ManualClock().now)
        #expect(state.due(at: ManualClock().now).isEmpty)
    }

    @Test func `a drain waits for old and new workers alike, and says that the reload will not be`() {
        var pool = PoolFixture.serving(1)
        _ = pool.reload(processes: 1)
        _ = pool.startDue()
        guard case .reloadFailed(let failure)? = pool.drain().first else {
            Issue.record("nobody is told")
            return
        }
        #expect(failure.code == .draining)
        _ = pool.end(worker(1), PoolFixture.left)
        #expect(!pool.state.isOver)
        #expect(pool.prepared(worker(2)) == [])
        _ = pool.end(worker(2), PoolFixture.left)
        #expect(pool.state.isOver)
    }
}

@Suite struct `A reload` {
    @Test func `takes over at once, when the last of the new generation is prepared`() {
        var pool = PoolFixture.serving(2)
        #expect(pool.reload(processes: 2) == true)
        #expect(pool.startDue() == [worker(3), worker(4)])
        #expect(pool.prepared(worker(3)) == [])
        #expect(pool.state.generation == 1)
        #expect(
            pool.prepared(worker(4)) == [
                .generationChanged, .open(worker(3)), .open(worker(4)), .drain(worker(1)), .drain(worker(2)),
                .reloaded,
            ]
        )
        #expect(pool.state.generation == 2)
        #expect(pool.state.positions.map(\.current) == [.filled(worker(3)), .filled(worker(4))])
        // Those who leave are not replaced, however they end.
        #expect(pool.end(worker(1), PoolFixture.left) == [])
        #expect(pool.end(worker(2), PoolFixture.crash(served: .zero)) == [])
        #expect(pool.state.nextStart == nil)
    }

    @Test func `may bring more workers, or fewer`() {
        var pool = PoolFixture.serving(2)
        _ = pool.reload(processes: 1)
        _ = pool.startDue()
        let actions = pool.prepared(worker(3))
        #expect(actions.suffix(3) == [.drain(worker(1)), .drain(worker(2)), .reloaded])
        #expect(pool.state.positions.count == 1)
    }

    @Test func `fails when one cannot start; the others of its generation end, and the old one goes on`() {
        var pool = PoolFixture.serving(2)
        _ = pool.reload(processes: 2)
        _ = pool.startDue()
        _ = pool.prepared(worker(3))
        #expect(
            pool.end(worker(4), PoolFixture.failedStart) == [
                .end(worker(3)), .reloadFailed(PoolFixture.failure),
            ]
        )
        #expect(pool.state.positions.map(\.current) == [.filled(worker(1)), .filled(worker(2))])
        #expect(pool.state.generation == 1)
        #expect(pool.end(worker(3), PoolFixture.left) == [])
        #expect(pool.reload(processes: 2) == true)
    }

    @Test func `is one at a time`() {
        var pool = PoolFixture.serving(1)
        #expect(pool.reload(processes: 1) == true)
        #expect(pool.reload(processes: 1) == false)
    }

    @Test func `goes on when one that was prepared dies waiting, but not for ever`() {
        var pool = PoolFixture.serving(1)
        _ = pool.reload(processes: 2)
        var waiting = pool.startDue()[0]
        for _ in 0..<PoolState.greatestLosses {
            _ = pool.prepared(waiting)
            #expect(pool.end(waiting, PoolFixture.crash(served: nil)) == [.waitToReplace(for: .zero)])
            waiting = pool.startDue()[0]
        }
        _ = pool.prepared(waiting)
        guard case .reloadFailed? = pool.end(waiting, PoolFixture.crash(served: nil)).last else {
            Issue.record("the reload goes on for ever")
            return
        }
    }

    @Test func `a worker of the old generation that dies meanwhile is replaced by one of the old generation`() throws {
        var pool = PoolFixture.serving(1)
        _ = pool.reload(processes: 1)
        _ = pool.startDue()
        _ = pool.end(worker(1), PoolFixture.crash(served: .seconds(60)))
        let place = try #require(pool.state.due(at: pool.clock.now).first)
        #expect(place == PoolState.Place(index: 0, role: .current))
    }

    @Test func `saves a pool whose old generation only crashes`() {
        var pool = PoolFixture.serving(1)
        _ = pool.end(worker(1), PoolFixture.failedStart)
        _ = pool.reload(processes: 1)
        #expect(pool.startDue() == [worker(2)])
        #expect(pool.prepared(worker(2)) == [.generationChanged, .open(worker(2)), .reloaded])
        #expect(pool.state.nextStart == nil)
    }

    @Test func `ends the successor of a worker that the whole generation replaces`() {
        var pool = PoolFixture.serving(1)
        _ = pool.replace(worker(1), because: .stuck)
        _ = pool.startDue()
        _ = pool.reload(processes: 1)
        _ = pool.startDue()
        #expect(
            pool.prepared(worker(3)) == [
                .generationChanged, .open(worker(3)), .drain(worker(1)), .end(worker(2)), .reloaded,
            ]
        )
    }
}

@Suite struct `Replacing one worker` {
    static let full = ReplacementReason.maximumRequests(served: 1000, limit: 1000)

    @Test func `a worker that is replaced leaves only after its successor is ready`() {
        var pool = PoolFixture.serving(2)
        #expect(pool.replace(worker(1), because: Self.full) == true)
        #expect(pool.startDue() == [worker(3)])
        #expect(pool.state.positions[0].current == .filled(worker(1)))
        #expect(
            pool.prepared(worker(3)) == [
                .open(worker(3)), .replaced(worker(1), because: Self.full), .drain(worker(1)),
            ]
        )
        #expect(pool.state.positions[0].current == .filled(worker(3)))
    }

    @Test func `no two are recycled at once, and the one before has to have left`() {
        var pool = PoolFixture.serving(2)
        _ = pool.replace(worker(1), because: Self.full)
        #expect(pool.replace(worker(2), because: Self.full) == false)
        _ = pool.startDue()
        _ = pool.prepared(worker(3))
        #expect(pool.replace(worker(2), because: Self.full) == false)
        _ = pool.end(worker(1), PoolFixture.left)
        #expect(pool.replace(worker(2), because: Self.full) == true)
    }

    @Test func `nobody is recycled while a generation is coming, or while a place is empty`() {
        var pool = PoolFixture.serving(2)
        _ = pool.reload(processes: 2)
        #expect(pool.replace(worker(1), because: Self.full) == false)
        var other = PoolFixture.serving(2)
        _ = other.end(worker(2), PoolFixture.crash(served: .zero))
        #expect(other.replace(worker(1), because: Self.full) == false)
    }

    @Test func `a stuck worker is replaced whatever else happens, but once`() {
        var pool = PoolFixture.serving(2)
        _ = pool.replace(worker(1), because: Self.full)
        #expect(pool.replace(worker(2), because: .stuck) == true)
        #expect(pool.startDue() == [worker(3), worker(4)])
        #expect(pool.replace(worker(2), because: .stuck) == false)
        #expect(pool.replace(worker(99), because: .stuck) == false)
    }

    static let broken = ReplacementReason.brokenLifespan(served: .seconds(1))

    @Test func `a worker whose lifespan broke is replaced beside others, and serves on meanwhile`() {
        var pool = PoolFixture.serving(2)
        _ = pool.replace(worker(1), because: Self.full)
        #expect(pool.replace(worker(2), because: Self.broken) == true)
        #expect(pool.startDue() == [worker(3)])
        pool.clock.advance(by: .milliseconds(100))
        #expect(pool.startDue() == [worker(4)])
        #expect(pool.state.positions[1].current == .filled(worker(2)))
        #expect(
            pool.prepared(worker(4)) == [
                .open(worker(4)), .replaced(worker(2), because: Self.broken), .drain(worker(2)),
            ]
        )
    }

    @Test func `lifespans that break again and again are answered ever more slowly, until one holds`() {
        var pool = PoolFixture.serving(1)
        var current = 1
        for wait in [100, 200, 400, 800] {
            let now = pool.clock.now
            let begins = pool.state.replace(worker(current), because: Self.broken, at: now)
            #expect(begins == .milliseconds(wait))
            pool.clock.advance(by: .milliseconds(UInt64(wait)))
            #expect(pool.startDue() == [worker(current + 1)])
            _ = pool.prepared(worker(current + 1))
            _ = pool.end(worker(current), PoolFixture.left)
            current += 1
        }
        let held = ReplacementReason.brokenLifespan(served: .seconds(60))
        let now = pool.clock.now
        #expect(pool.state.replace(worker(current), because: held, at: now) == .zero)
    }

    @Test func `a successor that cannot start is tried again later, and the worker goes on`() {
        var pool = PoolFixture.serving(1)
        _ = pool.replace(worker(1), because: Self.full)
        _ = pool.startDue()
        #expect(pool.end(worker(2), PoolFixture.failedStart) == [.waitToReplace(for: .milliseconds(100))])
        #expect(pool.state.positions[0].current == .filled(worker(1)))
        #expect(pool.startDue() == [])
        pool.clock.advance(by: .milliseconds(100))
        #expect(pool.startDue() == [worker(3)])
        #expect(pool.end(worker(3), PoolFixture.failedStart) == [.waitToReplace(for: .milliseconds(200))])
    }

    @Test func `when the worker dies first, its successor has the place already`() {
        var pool = PoolFixture.serving(1)
        _ = pool.replace(worker(1), because: .stuck)
        _ = pool.startDue()
        #expect(pool.end(worker(1), PoolFixture.crash(served: .seconds(60))) == [])
        #expect(pool.state.nextStart == nil)
        #expect(pool.prepared(worker(2)) == [.open(worker(2))])
    }
}

@Suite struct `Scaling by hand` {
    @Test func `more workers begin at new positions`() {
        var pool = PoolFixture.serving(1)
        #expect(pool.scale(to: 3) == [])
        #expect(pool.state.due(at: pool.clock.now).map(\.index) == [1, 2])
    }

    @Test func `fewer leave from the highest position, each with what it has`() {
        var pool = PoolFixture.serving(3)
        #expect(pool.scale(to: 1) == [.drain(worker(3)), .drain(worker(2))])
        #expect(pool.end(worker(3), PoolFixture.left) == [])
        #expect(pool.state.nextStart == nil)
    }

    @Test func `the coming generation follows, and takes over when that was all it waited for`() {
        var pool = PoolFixture.serving(2)
        _ = pool.reload(processes: 2)
        _ = pool.startDue()
        _ = pool.prepared(worker(3))
        #expect(
            pool.scale(to: 1) == [
                .drain(worker(2)), .end(worker(4)), .generationChanged, .open(worker(3)), .drain(worker(1)), .reloaded,
            ]
        )
    }
}
