import RequestQueue
import Testing

@testable import Front

/// How long a request may run, by a clock that is advanced by hand.
@Suite struct RunningDeadlineTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    private func after(_ seconds: UInt64) -> Instant { start + .seconds(seconds) }

    private func look(
        _ deadline: inout RunningDeadline,
        _ seconds: UInt64,
        extended: UInt64? = nil
    ) -> RunningDeadline.Action {
        deadline.look(from: start, extended: extended, grace: .seconds(5), at: after(seconds))
    }

    @Test func `is interrupted once at its limit, and stuck once when the grace is over`() {
        var deadline = RunningDeadline(limit: .seconds(10))
        #expect(look(&deadline, 9) == .none)
        #expect(look(&deadline, 10) == .interrupt)
        #expect(look(&deadline, 14) == .none)
        #expect(!deadline.isStuck)
        #expect(look(&deadline, 15) == .declareStuck)
        #expect(deadline.isStuck)
        #expect(look(&deadline, 1000) == .none)
    }

    @Test func `without a limit it runs for ever`() {
        var deadline = RunningDeadline(limit: .zero)
        #expect(look(&deadline, 100_000_000) == .none)
    }

    @Test func `the app can put the end off`() {
        var deadline = RunningDeadline(limit: .seconds(10))
        let until = after(60).nanoseconds
        #expect(look(&deadline, 30, extended: until) == .none)
        #expect(look(&deadline, 60, extended: until) == .interrupt)
    }

    @Test func `the app cannot bring the end nearer`() {
        var deadline = RunningDeadline(limit: .seconds(10))
        #expect(look(&deadline, 9, extended: after(1).nanoseconds) == .none)
        #expect(look(&deadline, 9, extended: 0) == .none)
    }

    @Test func `the app cannot put the end off for ever`() {
        var deadline = RunningDeadline(limit: .seconds(10))
        #expect(look(&deadline, 86_399, extended: .max) == .none)
        #expect(look(&deadline, 86_400, extended: .max) == .interrupt)
    }

    @Test func `a wish that comes after the interruption changes nothing`() {
        var deadline = RunningDeadline(limit: .seconds(10))
        #expect(look(&deadline, 10) == .interrupt)
        #expect(look(&deadline, 15, extended: .max) == .declareStuck)
    }

    @Test func `the longest prefix that fits is the one`() {
        var requests = FrontConfiguration.Requests()
        requests.timeout = .seconds(30)
        requests.pathTimeouts = [("/", .seconds(20)), ("/api", .seconds(5)), ("/api/slow", .zero)]
        let timeouts = RequestTimeouts(requests)
        #expect(timeouts.limit(for: "/x".utf8) == .seconds(20))
        #expect(timeouts.limit(for: "/api/x".utf8) == .seconds(5))
        #expect(timeouts.limit(for: "/api/slow/x".utf8) == .zero)
        #expect(timeouts.limit(for: "*".utf8) == .seconds(30))
        #expect(timeouts.shortest == .seconds(5))
        #expect(!timeouts.isEmpty)
        #expect(RequestTimeouts(.init()).isEmpty)
        #expect(RequestTimeouts(.init()).shortest == nil)
    }
}
