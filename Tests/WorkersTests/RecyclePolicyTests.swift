import RequestQueue
import Testing

@testable import Workers

@Suite struct RecyclePolicyTests {
    private static func policy(_ configure: (inout RecyclePolicy) -> Void) -> RecyclePolicy {
        var policy = RecyclePolicy()
        configure(&policy)
        return policy
    }

    @Test func `nobody is due by a policy that says nothing`() {
        let limits = RecyclePolicy().limits(jitter: 0.5)
        #expect(limits.reason(requests: .max, memory: .max, served: .seconds(1_000_000)) == nil)
        #expect(!RecyclePolicy().isActive)
    }

    @Test func `requests are counted up to the limit, to which the jitter is added`() {
        let policy = Self.policy {
            $0.maximumRequests = 1000
            $0.maximumRequestsJitter = 100
        }
        #expect(policy.limits(jitter: 0).requests == 1000)
        #expect(policy.limits(jitter: 0.5).requests == 1050)
        #expect(policy.limits(jitter: 1).requests == 1100)
        let limits = policy.limits(jitter: 0.5)
        #expect(limits.reason(requests: 1049, memory: nil, served: .zero) == nil)
        #expect(
            limits.reason(requests: 1050, memory: nil, served: .zero) == .maximumRequests(served: 1050, limit: 1050)
        )
    }

    @Test func `a worker that holds sessions is not replaced for the requests it has answered, but for memory`() {
        var limits = Self.policy {
            $0.maximumRequests = 10
            $0.maximumMemory = 100
        }.limits(jitter: 0)
        let isFirst = limits.spareSessions()
        #expect(isFirst)
        #expect(limits.reason(requests: 1000, memory: 100, served: .seconds(1000)) == nil)
        #expect(limits.reason(requests: 0, memory: 101, served: .zero)?.shortName == "max_rss")
        let isAgain = limits.spareSessions()
        #expect(!isAgain)
    }

    @Test func `a lifetime is shortened by up to a tenth`() {
        let policy = Self.policy { $0.maximumLifetime = .seconds(1000) }
        #expect(policy.limits(jitter: 0).lifetime == .seconds(1000))
        #expect(policy.limits(jitter: 1).lifetime == .seconds(900))
        let limits = policy.limits(jitter: 1)
        #expect(limits.reason(requests: 0, memory: nil, served: .seconds(899)) == nil)
        #expect(limits.reason(requests: 0, memory: nil, served: .seconds(900))?.shortName == "max_lifetime")
    }

    @Test func `memory that is not known is no reason`() {
        let limits = Self.policy { $0.maximumMemory = 100 }.limits(jitter: 0)
        #expect(limits.reason(requests: 0, memory: nil, served: .zero) == nil)
        #expect(limits.reason(requests: 0, memory: 100, served: .zero) == nil)
        #expect(limits.reason(requests: 0, memory: 101, served: .zero) == .maximumMemory(bytes: 101, limit: 100))
    }

    @Test(arguments: [Double.nan, -1, 2, .infinity])
    func `a jitter that is none does no harm`(jitter: Double) {
        let limits = Self.policy {
            $0.maximumRequests = .max
            $0.maximumRequestsJitter = .max
            $0.maximumLifetime = .seconds(10)
        }.limits(jitter: jitter)
        #expect(limits.lifetime.map { (.seconds(9))...(.seconds(10)) ~= $0 } == true)
    }

    @Test func `the largest goes first, then who has answered the most, then the oldest`() {
        func first(_ reasons: [ReplacementReason]) -> Int? {
            RecyclePolicy.first(of: reasons.enumerated().map { (WorkerID(raw: $0), $1) })?.worker.raw
        }
        let old = ReplacementReason.maximumLifetime(served: .seconds(10), limit: .seconds(1))
        let older = ReplacementReason.maximumLifetime(served: .seconds(20), limit: .seconds(1))
        let busy = ReplacementReason.maximumRequests(served: 7, limit: 5)
        let large = ReplacementReason.maximumMemory(bytes: 2 << 30, limit: 1 << 30)
        let larger = ReplacementReason.maximumMemory(bytes: 3 << 30, limit: 1 << 30)
        #expect(first([]) == nil)
        #expect(first([old, older]) == 1)
        #expect(first([old, busy, older]) == 1)
        #expect(first([large, busy, larger, older]) == 2)
    }

    @Test func `every reason has one of the short names that metrics know`() {
        let reasons: [ReplacementReason] = [
            .maximumRequests(served: 1, limit: 1), .maximumMemory(bytes: 1, limit: 1),
            .maximumLifetime(served: .zero, limit: .zero), .stuck, .brokenLifespan(served: .zero),
        ]
        #expect(reasons.map(\.shortName) == ReplacementReason.shortNames)
    }

    @Test func `this process holds some memory, and one that does not exist none`() {
        #expect((ProcessMemory.residentBytes(of: 1) ?? 0) > 0)
        #expect(ProcessMemory.residentBytes(of: -1) == nil)
    }
}
