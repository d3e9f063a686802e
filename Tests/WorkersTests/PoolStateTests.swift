import RequestQueue
import Testing

@testable import Workers

@Suite struct PoolStateTests {
    var clock = ManualClock()
    static let failure = StartupFailure(.notLoaded, title: "application not found", reason: "no such module")
    static let failedStart = WorkerDeath(
        exit: .exited(status: 1),
        reason: .failedToStart,
        served: nil,
        failure: failure
    )
    static func crash(served: Duration) -> WorkerDeath {
        WorkerDeath(exit: .signalled(11), reason: nil, served: served, failure: nil)
    }

    private func started(_ processes: Int, replacesWorkers: Bool = true) -> PoolState {
        var state = PoolState(processes: processes, replacesWorkers: replacesWorkers)
        state.start(at: clock.now)
        for index in state.due(at: clock.now) { state.filled(index, with: WorkerID(raw: index + 1)) }
        return state
    }

    @Test func `all workers start side by side`() {
        var state = PoolState(processes: 3)
        #expect(state.due(at: clock.now).isEmpty)
        state.start(at: clock.now)
        #expect(state.due(at: clock.now) == [0, 1, 2])
    }

    @Test func `a worker that cannot start ends a pool that has never served`() {
        var state = started(2)
        #expect(state.ended(0, Self.failedStart, jitter: 0, at: clock.now) == .fail(Self.failure))
        #expect(!state.isOver)
        // The other one is killed by the owner; its end is no second failure.
        #expect(state.ended(1, Self.failedStart, jitter: 0, at: clock.now) == .none)
        #expect(state.isOver)
        #expect(state.phase == .failed(Self.failure))
    }

    @Test func `a process that cannot be made ends a pool that has never served`() {
        var state = PoolState(processes: 1)
        state.start(at: clock.now)
        #expect(state.notStarted(0, failure: Self.failure, jitter: 0, at: clock.now) == .fail(Self.failure))
        #expect(state.isOver)
    }

    @Test mutating func `once a worker has served, failures are waited out ever longer`() {
        var state = started(2)
        state.served()
        var waits: [Duration] = []
        for _ in 0..<3 {
            guard case .waitToReplace(let wait) = state.ended(0, Self.failedStart, jitter: 0, at: clock.now) else {
                Issue.record("the pool gave up")
                return
            }
            waits.append(wait)
            #expect(state.due(at: clock.now).isEmpty)
            clock.advance(by: Nanoseconds(wait))
            #expect(state.due(at: clock.now) == [0])
            state.filled(0, with: WorkerID(raw: 10))
        }
        #expect(waits == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
        #expect(state.positions[1] == .filled(WorkerID(raw: 2)))
    }

    @Test func `a crash after a proven life is replaced at once`() {
        var state = started(1)
        state.served()
        #expect(
            state.ended(0, Self.crash(served: .seconds(10)), jitter: 1, at: clock.now) == .waitToReplace(for: .zero)
        )
        #expect(state.due(at: clock.now) == [0])
    }

    @Test func `a draining pool replaces nobody and is over when the last has gone`() {
        var state = started(2)
        state.served()
        _ = state.ended(0, Self.crash(served: .zero), jitter: 0, at: clock.now)
        state.drain()
        #expect(state.nextStart == nil)
        #expect(!state.isOver)
        #expect(state.ended(1, Self.crash(served: .zero), jitter: 0, at: clock.now) == .none)
        #expect(state.isOver)
    }

    @Test func `a pool that never started is over when it is drained`() {
        var state = PoolState(processes: 4)
        #expect(!state.isOver)
        state.drain()
        #expect(state.isOver)
        state.start(at: clock.now)
        #expect(state.due(at: clock.now).isEmpty)
    }

    @Test func `a worker that is not ours is not replaced`() {
        var state = started(1, replacesWorkers: false)
        state.served()
        guard case .fail(let failure) = state.ended(0, Self.crash(served: .seconds(60)), jitter: 0, at: clock.now)
        else {
            Issue.record("the pool goes on")
            return
        }
        #expect(failure.code == .peerGone)
    }
}
