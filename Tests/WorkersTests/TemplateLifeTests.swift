import RequestQueue
import Testing

@testable import Workers

@Suite struct TemplateLifeTests {
    var clock = ManualClock()
    var life = TemplateLife(startupTimeout: .seconds(60))
    let one = WorkerID(raw: 1)
    let two = WorkerID(raw: 2)
    let three = WorkerID(raw: 3)

    /// A template that is ready.
    private mutating func load() {
        #expect(life.want(one) == [.start])
        life.started(at: clock.now)
        #expect(life.loaded(unfitBecause: nil, at: clock.now) == [.ask(one)])
        let answer = life.forked()
        #expect(answer.worker == one)
    }

    @Test mutating func `the process is started when the first worker is wanted, and once`() {
        #expect(life.deadline == nil)
        #expect(life.want(one) == [.start])
        life.started(at: clock.now)
        #expect(life.want(two) == [])
    }

    @Test mutating func `workers are asked for one after the other, in the order in which they were wanted`() {
        #expect(life.want(one) == [.start])
        life.started(at: clock.now)
        #expect(life.want(two) == [])
        #expect(life.want(three) == [])
        #expect(life.loaded(unfitBecause: nil, at: clock.now) == [.ask(one)])
        let first = life.forked()
        #expect(first.worker == one && first.actions == [.ask(two)])
        let answer = life.notForked(because: "no memory")
        #expect(answer.count == 2)
        #expect(life.asked == three)
    }

    @Test mutating func `a worker that could not be forked fails with the reason`() {
        load()
        #expect(life.want(two) == [.ask(two)])
        guard case .fail(two, let failure)? = life.notForked(because: "no memory").first else {
            Issue.record("it does not fail")
            return
        }
        #expect(failure.reason == "no memory" && failure.code == .notSpawned)
    }

    @Test mutating func `a worker that is forgotten before its turn is not asked for`() {
        load()
        #expect(life.want(two) == [.ask(two)])
        #expect(life.want(three) == [])
        life.forget(three)
        let answer = life.forked()
        #expect(answer.actions == [])
    }

    @Test mutating func `an app that must not be forked has each worker started apart, from then on`() {
        #expect(life.want(one) == [.start])
        life.started(at: clock.now)
        _ = life.want(two)
        #expect(life.loaded(unfitBecause: "threads", at: clock.now) == [.startApart(one), .startApart(two)])
        #expect(life.want(three) == [.startApart(three)])
        // Its process leaves by itself.
        #expect(life.ended(.exited(status: 0), jitter: 0, at: clock.now) == [])
        #expect(life.want(one) == [.startApart(one)])
    }

    @Test mutating func `an app that cannot be imported fails all who wait, with its words`() {
        let failure = StartupFailure(.notLoaded, title: "no app", reason: "none")
        #expect(life.want(one) == [.start])
        life.started(at: clock.now)
        _ = life.want(two)
        #expect(life.failed(failure) == [.kill])
        #expect(life.ended(.signalled(9), jitter: 0, at: clock.now) == [.fail(one, failure), .fail(two, failure)])
        // Nobody needs another until a worker is wanted.
        #expect(life.deadline == nil)
        #expect(life.want(one) == [.start])
    }

    @Test mutating func `an import that takes too long is ended, and says so`() {
        #expect(life.want(one) == [.start])
        life.started(at: clock.now)
        clock.advance(by: .seconds(60))
        #expect(life.timePassed(at: clock.now) == [.kill])
        guard case .fail(one, let failure)? = life.ended(.signalled(9), jitter: 0, at: clock.now).first else {
            Issue.record("it does not fail")
            return
        }
        #expect(failure.code == .timedOut)
    }

    @Test mutating func `a template that dies after a long life is started again at once, wanted or not`() {
        load()
        clock.advance(by: .seconds(3600))
        #expect(life.ended(.signalled(9), jitter: 0, at: clock.now) == [])
        #expect(life.deadline == clock.now)
        #expect(life.timePassed(at: clock.now) == [.start])
    }

    @Test mutating func `one that dies again and again is started ever more rarely, unless a worker is wanted`() {
        load()
        var before = Nanoseconds.zero
        for _ in 0..<5 {
            _ = life.ended(.signalled(11), jitter: 0, at: clock.now)
            let wait = (life.deadline ?? clock.now).since(clock.now)
            #expect(wait > before)
            before = wait
            clock.advance(by: wait)
            #expect(life.timePassed(at: clock.now) == [.start])
            life.started(at: clock.now)
        }
        _ = life.ended(.signalled(11), jitter: 0, at: clock.now)
        #expect(life.want(two) == [.start])
    }

    @Test mutating func `only the worker that was being forked is lost with the template`() {
        load()
        #expect(life.want(two) == [.ask(two)])
        #expect(life.want(three) == [])
        let actions = life.ended(.signalled(9), jitter: 0, at: clock.now)
        guard case .fail(two, _)? = actions.first, actions.count == 2, actions[1] == .start else {
            Issue.record("\(actions)")
            return
        }
        life.started(at: clock.now)
        #expect(life.loaded(unfitBecause: nil, at: clock.now) == [.ask(three)])
    }

    @Test mutating func `a worker that nobody asked for breaks the protocol`() {
        load()
        let answer = life.forked()
        #expect(answer.worker == nil && answer.actions == [.kill])
    }

    @Test mutating func `a template that is not needed leaves, and is killed when that takes too long`() {
        load()
        #expect(life.retire(at: clock.now) == [.letGo])
        clock.advance(by: TemplateLife.leavingPatience)
        #expect(life.timePassed(at: clock.now) == [.kill])
        #expect(life.ended(.signalled(9), jitter: 0, at: clock.now) == [])
        #expect(life.state == .gone)
    }

    @Test mutating func `one that imports is not asked but killed, for it would not look`() {
        #expect(life.want(one) == [.start])
        life.started(at: clock.now)
        let actions = life.retire(at: clock.now)
        #expect(actions.last == .kill)
        #expect(life.loaded(unfitBecause: nil, at: clock.now) == [])
        #expect(life.ended(.signalled(9), jitter: 0, at: clock.now) == [])
        #expect(life.state == .gone)
    }

    @Test(arguments: 0..<50)
    func `whatever happens, one is asked for at a time and nobody gets two answers`(seed: Int) {
        var random = SystemRandomNumberGenerator()
        var clock = ManualClock()
        var life = TemplateLife(startupTimeout: .seconds(60))
        var open: Set<WorkerID> = []
        var next = 1
        var isRunning = false
        for _ in 0..<400 {
            clock.advance(by: .milliseconds(UInt64.random(in: 0...20_000, using: &random)))
            var actions: [TemplateLife.Action] = []
            switch Int.random(in: 0...8, using: &random) {
            case 0...2:
                let worker = WorkerID(raw: next)
                next += 1
                open.insert(worker)
                actions = life.want(worker)
            case 3: actions = isRunning ? life.loaded(unfitBecause: nil, at: clock.now) : []
            case 4:
                guard isRunning else { continue }
                let answer = life.forked()
                if let worker = answer.worker {
                    let removed = open.remove(worker)
                    #expect(removed == worker)
                }
                actions = answer.actions
            case 5: actions = isRunning ? life.notForked(because: "no memory") : []
            case 6:
                if isRunning {
                    isRunning = false
                    actions = life.ended(.signalled(9), jitter: 0.5, at: clock.now)
                }
            case 7:
                if let worker = life.waiting.randomElement(using: &random) {
                    life.forget(worker)
                    open.remove(worker)
                }
            default: actions = life.timePassed(at: clock.now)
            }
            for action in actions {
                switch action {
                case .start:
                    #expect(!isRunning)
                    isRunning = true
                    life.started(at: clock.now)
                case .ask(let worker): #expect(open.contains(worker) && life.asked == worker)
                case .fail(let worker, _), .startApart(let worker):
                    let removed = open.remove(worker)
                    #expect(removed == worker)
                case .kill, .letGo: break
                }
            }
            #expect(Set(life.waiting).union(life.asked.map { [$0] } ?? []) == open)
        }
    }
}
