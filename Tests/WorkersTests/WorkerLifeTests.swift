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
        #expect(life.reportedReady(warmsUp: false, at: clock.now) == .open)
        clock.advance(by: .seconds(5))
    }

    @Test mutating func `a worker that imported the app is warmed up before it is opened`() {
        #expect(life.reportedReady(warmsUp: true, at: clock.now) == .warmUp)
        #expect(life.warmedUp(isAnswered: true, at: clock.now) == .open)
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
        _ = life.reportedReady(warmsUp: true, at: clock.now)
        clock.advance(by: .seconds(60))
        #expect(life.timePassed(at: clock.now) == .kill)
        #expect(life.failure?.code == .timedOut)
    }

    @Test mutating func `an answer to the warm-up that comes after the end changes nothing`() {
        _ = life.reportedReady(warmsUp: true, at: clock.now)
        _ = life.ended(.signalled(11), at: clock.now)
        #expect(life.warmedUp(isAnswered: true, at: clock.now) == .none)
        #expect(life.state == .dead)
    }

    @Test mutating func `a warm-up without an answer is a failed start`() {
        _ = life.reportedReady(warmsUp: true, at: clock.now)
        #expect(life.warmedUp(isAnswered: false, at: clock.now) == .kill)
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
        #expect(life.reportedReady(warmsUp: true, at: clock.now) == .kill)
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
        #expect(life.becameIdle() == .none)
    }

    @Test mutating func `a busy worker is asked to leave when its last request is answered`() {
        serve()
        #expect(life.drain(isIdle: false, within: .seconds(10), at: clock.now) == .none)
        #expect(life.becameIdle() == .askToStop)
        #expect(life.becameIdle() == .none)
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
        #expect(life.reportedReady(warmsUp: true, at: clock.now) == .none)
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
        #expect(life.reportedReady(warmsUp: true, at: clock.now) == .none)
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
}
