import RequestQueue
import Testing

@testable import Front

@Suite struct RateLimitedReportTests {
    @Test func `reports the first event at once, and then how many there were once per interval`() {
        var report = RateLimitedReport(interval: .seconds(10))
        let start = Instant(nanoseconds: 5)
        #expect(report.add(at: start) == 1)
        for second in 1...9 { #expect(report.add(at: start + .seconds(UInt64(second))) == nil) }
        #expect(report.add(at: start + .seconds(10)) == 10)
        #expect(report.add(at: start + .seconds(11)) == nil)
    }

    @Test func `reports an event after a long silence with its own count only`() {
        var report = RateLimitedReport(interval: .seconds(10))
        #expect(report.add(at: Instant(nanoseconds: 0)) == 1)
        #expect(report.add(at: Instant(nanoseconds: 0) + .seconds(3_600)) == 1)
    }
}
