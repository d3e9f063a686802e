import Testing

@testable import Workers

@Suite struct BackoffTests {
    @Test func `waits double with each short life, up to the longest`() {
        var backoff = Backoff()
        let waits = (0..<12).map { _ in backoff.wait(afterLife: .zero, jitter: 0) }
        let milliseconds = [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000]
        #expect(waits == milliseconds.map { .milliseconds($0) })
    }

    @Test func `a proven life is followed by no wait and starts the count anew`() {
        var backoff = Backoff()
        for _ in 0..<5 { _ = backoff.wait(afterLife: .milliseconds(9_999), jitter: 0) }
        #expect(backoff.wait(afterLife: Backoff.provenLife, jitter: 0) == .zero)
        #expect(backoff.wait(afterLife: .zero, jitter: 0) == Backoff.first)
    }

    @Test(arguments: [0, 0.5, 1, -3, 7, Double.nan, .infinity])
    func `jitter takes at most a quarter and adds nothing`(jitter: Double) {
        var backoff = Backoff()
        for _ in 0..<100 {
            var unmoved = backoff
            let full = unmoved.wait(afterLife: .zero, jitter: 0)
            let wait = backoff.wait(afterLife: .zero, jitter: jitter)
            #expect(wait <= full && wait >= full * 3 / 4)
        }
    }
}
