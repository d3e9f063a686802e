import RequestQueue
import Testing

@testable import Workers

/// Random lives of a pool: whatever happens in whatever order, nobody who serves is sent away before another does.
@Suite struct PoolPropertyTests {
    /// What the owner of a pool would know.
    struct Owner {
        var pool: PoolFixture
        var random: Numbers
        /// Takes requests.
        var open: Set<WorkerID> = []
        /// Started, and not ready.
        var starting: Set<WorkerID> = []
        /// Finishes what it has.
        var leaving: Set<WorkerID> = []
        /// Recycled, and not gone.
        var recycled: Set<WorkerID> = []
        var reloads = 0
        /// What went wrong.
        var complaint: String?

        init(seed: UInt64) {
            random = Numbers(state: seed)
            pool = PoolFixture(processes: 1 + Int(seed % 4))
        }

        mutating func perform(_ actions: [PoolState.Action], mayShrink: Bool = false) {
            let before = open.count
            for action in actions {
                switch action {
                case .open(let worker):
                    if starting.remove(worker) == nil { complaint = "opened twice, or never started: \(worker)" }
                    open.insert(worker)
                case .drain(let worker), .end(let worker):
                    if open.remove(worker) == nil, starting.remove(worker) == nil {
                        complaint = "sent away twice: \(worker)"
                    }
                    leaving.insert(worker)
                case .replaced(let worker, let reason):
                    if !reason.isUrgent { recycled.insert(worker) }
                case .reloaded: reloads += 1
                case .reloadFailed, .waitToReplace, .generationChanged: break
                case .fail(let failure): complaint = "gave up: \(failure)"
                }
            }
            if open.count < before, !mayShrink { complaint = "\(before) served, now \(open.count): \(actions)" }
            if recycled.count > 1 { complaint = "two are recycled at once" }
        }

        mutating func step() {
            switch random.next(14) {
            case 0: _ = pool.reload(processes: max(open.count, 1 + random.next(4)))
            case 1, 2:
                if let worker = any(of: open) {
                    let reason: ReplacementReason =
                        switch random.next(6) {
                        case 0, 1: .stuck
                        case 2: .brokenLifespan(served: .seconds(random.next(20)))
                        default: .maximumRequests(served: 1, limit: 1)
                        }
                    _ = pool.replace(worker, because: reason)
                }
            case 3: perform(pool.scale(to: 1 + random.next(4)), mayShrink: true)
            case 4: pool.clock.advance(by: .milliseconds(UInt64(random.next(5_000))))
            case 5:
                if let worker = any(of: open) {
                    open.remove(worker)
                    perform(pool.end(worker, PoolFixture.crash(served: .seconds(1))), mayShrink: true)
                }
            case 6:
                if let worker = any(of: starting), pool.state.hasServed {
                    starting.remove(worker)
                    perform(pool.end(worker, PoolFixture.failedStart))
                }
            case 7, 8:
                if let worker = any(of: leaving) {
                    leaving.remove(worker)
                    recycled.remove(worker)
                    perform(pool.end(worker, PoolFixture.left))
                }
            default:
                // A reload to fewer processes shrinks on purpose.
                if let worker = any(of: starting) {
                    let fewer = (pool.state.coming?.seats.count ?? .max) < open.count
                    perform(pool.prepared(worker), mayShrink: fewer)
                }
            }
            for worker in pool.startDue() { starting.insert(worker) }
        }

        private mutating func any(of workers: Set<WorkerID>) -> WorkerID? {
            guard !workers.isEmpty else { return nil }
            return workers.sorted { $0.raw < $1.raw }[random.next(workers.count)]
        }
    }

    /// SplitMix64, so that a failing seed can be run again.
    struct Numbers {
        var state: UInt64

        mutating func next(_ bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((z ^ (z >> 31)) % UInt64(bound))
        }
    }

    @Test(arguments: UInt64(1)...60)
    func `never fewer serve than before a replacement, and never are two recycled at once`(seed: UInt64) {
        var owner = Owner(seed: seed)
        for worker in owner.pool.startDue() {
            owner.starting.insert(worker)
            owner.perform(owner.pool.prepared(worker))
        }
        for step in 0..<2_000 {
            owner.step()
            if let complaint = owner.complaint {
                Issue.record("seed \(seed), step \(step): \(complaint)")
                return
            }
        }
        // It does what it is for, and ends up in order when nothing more happens.
        #expect(owner.reloads > 0)
        for _ in 0..<50 {
            owner.pool.clock.advance(by: .seconds(31))
            for worker in owner.pool.startDue() { owner.starting.insert(worker) }
            for worker in owner.starting.sorted(by: { $0.raw < $1.raw }) where owner.starting.contains(worker) {
                owner.perform(owner.pool.prepared(worker), mayShrink: true)
            }
            for worker in owner.leaving { owner.perform(owner.pool.end(worker, PoolFixture.left)) }
            owner.leaving = []
            owner.recycled = []
        }
        #expect(owner.open.count == owner.pool.state.positions.count)
        #expect(owner.pool.state.leaving.isEmpty && owner.pool.state.nextStart == nil)
        #expect(owner.pool.state.canRecycle)
    }
}
