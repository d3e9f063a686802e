import RequestQueue
import Testing
import WorkerLink

@testable import Workers

/// A clock that is advanced by hand.
struct ManualClock {
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    mutating func advance(by interval: Nanoseconds) { now = now + interval }
}

@Suite struct WorkerLifeTests {
    var clock = ManualClock()
    var life: WorkerLife

    init() {
        life = WorkerLife(startedAt: clock.now, startupTimeout: .seconds(60))
    }

    /// A worker that has served for five seconds.
    private mutating func serve() {
        #expect(life.reportedReady(warmsUp: false) == .prepared)
        #expect(life.opened(at: clock.now) == .open)
        clock.advance(by: .seconds(5))
    }

    @Test mutating func `a worker that imported the app is warmed up before it is opened`() {
        #expect(life.reportedReady(warmsUp: true) == .warmUp)
        #expect(life.warmedUp(isAnswered: true) == .prepared)
        #expect(life.opened(at: clock.now) == .open)
        #expect(life.state == .ready(since: clock.now))
        #expect(life.deadline == nil)
    }

    @Test mutating func `a worker that is not ready in time is killed, and the death says so`() {
        clock.advance(by: .seconds(59))
        #expect(life.timePassed(at: clock.now) == .none)
        clock.advance(by: .seconds(1))
        #expect(life.timePassed(at: clock.now) == .kill)
        guard case .bury(let death) = life.ended(.signalled(9), at: clock.now) else {
            Issue.record("the death is not reported")
            return
        }
        #expect(death.failure?.code == .timedOut)
        #expect(death.reason == .failedToStart)
        #expect(death.served == nil)
    }

    @Test mutating func `the startup timeout covers the warm-up`() {
        _ = life.reportedReady(warmsUp: true)
        clock.advance(by: .seconds(60))
        #expect(life.timePassed(at: clock.now) == .kill)
        #expect(life.failure?.code == .timedOut)
    }

    @Test mutating func `an answer to the warm-up that comes after the end changes nothing`() {
        _ = life.reportedReady(warmsUp: true)
        _ = life.ended(.signalled(11), at: clock.now)
        #expect(life.warmedUp(isAnswered: true) == .none)
        #expect(life.state == .dead)
    }

    @Test mutating func `a warm-up without an answer is a failed start`() {
        _ = life.reportedReady(warmsUp: true)
        #expect(life.warmedUp(isAnswered: false) == .kill)
        #expect(life.failure?.code == .noAnswer)
    }

    @Test mutating func `a worker that cannot load the app is killed and its own words are kept`() {
        let failure = StartupFailure(.notLoaded, title: "application not found", reason: "no such module")
        #expect(life.reportedFailure(failure) == .kill)
        let death = WorkerDeath(exit: .exited(status: 1), reason: .failedToStart, served: nil, failure: failure)
        #expect(life.ended(.exited(status: 1), at: clock.now) == .bury(death))
    }

    @Test mutating func `a process that ends before it says anything is a failed start`() {
        guard case .bury(let death) = life.ended(.exited(status: 3), at: clock.now) else {
            Issue.record("the death is not reported")
            return
        }
        #expect(death.failure?.code == .ended)
        #expect(death.failure?.reason.contains("exit status 3") == true)
    }

    @Test mutating func `saying ready twice breaks the protocol`() {
        serve()
        #expect(life.reportedReady(warmsUp: true) == .kill)
        #expect(life.reason == .protocolViolation(.unexpectedFrame))
    }

    @Test mutating func `failing after having been ready breaks the protocol`() {
        serve()
        #expect(life.reportedFailure(StartupFailure(.notLoaded, title: "", reason: "")) == .kill)
    }

    @Test mutating func `a crash is reported with the time served, no reason and no failure`() {
        serve()
        let death = WorkerDeath(exit: .signalled(11), reason: nil, served: .seconds(5), failure: nil)
        #expect(life.ended(.signalled(11), at: clock.now) == .bury(death))
        #expect(life.ended(.signalled(11), at: clock.now) == .none)
    }

    @Test mutating func `an idle worker is asked to leave at once`() {
        serve()
        #expect(life.drain(isIdle: true, within: .seconds(10), at: clock.now) == .askToStop)
        #expect(life.becameIdle(at: clock.now) == .none)
    }

    @Test mutating func `a busy worker is asked to leave when its last request is answered`() {
        serve()
        #expect(life.drain(isIdle: false, within: .seconds(10), at: clock.now) == .none)
        #expect(life.becameIdle(at: clock.now) == .askToStop)
        #expect(life.becameIdle(at: clock.now) == .none)
    }

    @Test mutating func `a worker that does not leave gets SIGTERM, then SIGKILL when the time is over`() {
        serve()
        _ = life.drain(isIdle: false, within: .seconds(10), at: clock.now)
        clock.advance(by: .milliseconds(8_999))
        #expect(life.timePassed(at: clock.now) == .none)
        clock.advance(by: .milliseconds(1))
        #expect(life.timePassed(at: clock.now) == .terminate)
        #expect(life.timePassed(at: clock.now) == .none)
        clock.advance(by: .seconds(1))
        #expect(life.timePassed(at: clock.now) == .kill)
        #expect(life.timePassed(at: clock.now) == .none)
        guard case .bury(let death) = life.ended(.signalled(9), at: clock.now) else {
            Issue.record("the death is not reported")
            return
        }
        #expect(death.reason == .drainTimeout)
    }

    @Test mutating func `a worker that still starts has nothing to finish`() {
        #expect(life.drain(isIdle: true, within: .seconds(10), at: clock.now) == .terminate)
        #expect(life.reportedReady(warmsUp: true) == .none)
        clock.advance(by: .seconds(1))
        #expect(life.timePassed(at: clock.now) == .kill)
    }

    @Test mutating func `a drain without any time kills`() {
        serve()
        _ = life.drain(isIdle: false, within: .zero, at: clock.now)
        #expect(life.timePassed(at: clock.now) == .terminate)
        #expect(life.timePassed(at: clock.now) == .kill)
    }

    @Test mutating func `a killed worker is killed once and hears nothing more`() {
        serve()
        #expect(life.kill(because: .protocolViolation(.unknownKind)) == .kill)
        #expect(life.kill(because: .poolFailed) == .none)
        #expect(life.drain(isIdle: true, within: .seconds(1), at: clock.now) == .none)
        #expect(life.reportedReady(warmsUp: true) == .none)
        #expect(life.reason == .protocolViolation(.unknownKind))
    }

    @Test mutating func `breaking the protocol before being ready is a failed start`() {
        _ = life.kill(because: .protocolViolation(.malformedPayload))
        guard case .bury(let death) = life.ended(.signalled(9), at: clock.now) else {
            Issue.record("the death is not reported")
            return
        }
        #expect(death.failure?.code == .ended)
    }

    @Test
    mutating func `a worker that stands by waits without a deadline, and its time served begins when it is opened`() {
        _ = life.reportedReady(warmsUp: false)
        #expect(life.deadline == nil)
        clock.advance(by: .seconds(1000))
        #expect(life.timePassed(at: clock.now) == .none)
        #expect(life.opened(at: clock.now) == .open)
        #expect(life.opened(at: clock.now) == .none)
        clock.advance(by: .seconds(2))
        guard case .bury(let death) = life.ended(.signalled(9), at: clock.now) else {
            Issue.record("the death is not reported")
            return
        }
        #expect(death.served == .seconds(2))
    }

    @Test mutating func `only a worker that stands by is opened`() {
        #expect(life.opened(at: clock.now) == .none)
        _ = life.reportedReady(warmsUp: true)
        #expect(life.opened(at: clock.now) == .none)
        _ = life.ended(.signalled(9), at: clock.now)
        #expect(life.opened(at: clock.now) == .none)
    }

    @Test mutating func `a worker that stands by and is not wanted is asked to leave`() {
        _ = life.reportedReady(warmsUp: false)
        #expect(life.drain(isIdle: true, within: .seconds(30), leaving: .seconds(10), at: clock.now) == .askToStop)
    }

    @Test mutating func `its exit handlers have their time also when it became idle at the last moment`() {
        serve()
        _ = life.drain(isIdle: false, within: .seconds(30), leaving: .seconds(10), at: clock.now)
        clock.advance(by: .milliseconds(28_900))
        #expect(life.becameIdle(at: clock.now) == .askToStop)
        clock.advance(by: .seconds(8))
        #expect(life.timePassed(at: clock.now) == .none)
        clock.advance(by: .seconds(1))
        #expect(life.timePassed(at: clock.now) == .terminate)
    }

    @Test mutating func `a second drain can only hurry a worker`() {
        serve()
        _ = life.drain(isIdle: false, within: .seconds(30), leaving: .seconds(10), at: clock.now)
        _ = life.drain(isIdle: false, within: .seconds(60), at: clock.now)
        #expect(life.deadline == clock.now + .seconds(29))
        #expect(life.drain(isIdle: false, within: .seconds(2), at: clock.now) == .none)
        clock.advance(by: .milliseconds(1_800))
        #expect(life.timePassed(at: clock.now) == .terminate)
        clock.advance(by: .milliseconds(200))
        #expect(life.timePassed(at: clock.now) == .kill)
    }
}
