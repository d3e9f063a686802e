import Testing

@testable import Front

/// What becomes of a request whose worker has ended.
@Suite struct RetryRuleTests {
    private func verdict(
        _ rule: RetryRule = RetryRule(),
        _ change: (inout RetryRule.Evidence) -> Void = { _ in }
    ) -> RetryRule.Verdict {
        var evidence = RetryRule.Evidence()
        change(&evidence)
        return rule.verdict(evidence)
    }

    @Test func `a request that had begun and may not run twice is refused`() {
        #expect(verdict() == .refuse)
    }

    @Test func `a safe request is retried, and so is one the app has marked`() {
        #expect(verdict { $0.isSafe = true } == .retry)
        #expect(verdict { $0.isMarkedIdempotent = true } == .retry)
    }

    @Test func `a request that took two workers down is not tried a third time`() {
        #expect(
            verdict {
                $0.isSafe = true
                $0.workersLost = 1
            } == .refuse
        )
    }

    @Test func `what no thread had begun is given back, whatever its method and the policy`() {
        for policy in RetryRule.Policy.allCases {
            for lost in 0...3 {
                #expect(
                    verdict(RetryRule(policy: policy)) {
                        $0.hasBegun = false
                        $0.workersLost = lost
                    } == .giveBack
                )
            }
        }
    }

    @Test func `an answer that has begun is cut, and never begun anew`() {
        #expect(
            verdict {
                $0.isSafe = true
                $0.isMarkedIdempotent = true
                $0.isAnswering = true
            } == .cut
        )
    }

    @Test func `nothing runs again for a client that has left`() {
        #expect(
            verdict {
                $0.isSafe = true
                $0.hasClient = false
            } == .forget
        )
    }

    @Test func `what did not finish while its worker drained is not begun anew, and what had not begun is given back`()
    {
        #expect(
            verdict {
                $0.isSafe = true
                $0.hasHadItsTime = true
            } == .refuse
        )
        #expect(
            verdict {
                $0.hasBegun = false
                $0.hasHadItsTime = true
            } == .giveBack
        )
    }

    @Test func `when the server ends nothing waits for another worker`() {
        for hasBegun in [true, false] {
            #expect(
                verdict {
                    $0.isSafe = true
                    $0.hasBegun = hasBegun
                    $0.isServing = false
                } == .refuse
            )
        }
    }

    @Test func `with the policy none nothing that had begun runs again`() {
        #expect(verdict(RetryRule(policy: .none)) { $0.isSafe = true } == .refuse)
    }

    @Test(arguments: ["GET", "HEAD", "OPTIONS"])
    func `is safe`(method: String) {
        #expect(RetryRule.isSafe(method: method.utf8))
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "PATCH", "get", "GETX", "GE", ""])
    func `is not safe`(method: String) {
        #expect(!RetryRule.isSafe(method: method.utf8))
    }
}
