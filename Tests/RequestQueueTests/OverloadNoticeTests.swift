import RequestQueue
import Testing

@Suite struct OverloadNoticeTests {
    private func snapshot(depth: Int, oldest: UInt64 = 0, refused: UInt64 = 0) -> QueueSnapshot {
        QueueSnapshot(
            depth: depth,
            limit: 100,
            oldestWait: .milliseconds(oldest),
            busyThreads: 16,
            threads: 16,
            completionsPerSecond: 31.2,
            refused: refused
        )
    }

    @Test func `the line says what an operator needs`() {
        let report = OverloadReport.standing(snapshot(depth: 12, oldest: 840))
        #expect(
            report.description == "queue depth 12 (limit 100), oldest 840 ms, 16 of 16 threads busy, 31 req/s finishing"
        )
        let over = OverloadReport.over(lasted: .milliseconds(12_340), maximumDepth: 87, refused: 5)
        #expect(
            over.description
                == "nothing waits in the queue any more: requests did for 12.3 s, depth at most 87, 5 refused"
        )
        let refusals = OverloadReport.over(lasted: .milliseconds(400), maximumDepth: 0, refused: 5)
        #expect(refusals.description == "nothing is refused any more: 5 refused in 0.4 s")
    }

    @Test func `of event loops it does not say threads`() {
        var loops = snapshot(depth: 12, oldest: 840)
        loops.runsOnLoops = true
        let report = OverloadReport.standing(loops)
        #expect(
            report.description == "queue depth 12 (limit 100), oldest 840 ms, 16 of 16 in flight, 31 req/s finishing"
        )
    }

    @Test func `before a worker is ready it says that, and nothing of threads`() {
        var early = snapshot(depth: 3, oldest: 840, refused: 2)
        (early.busyThreads, early.threads, early.completionsPerSecond) = (0, 0, 0)
        let report = OverloadReport.standing(early)
        #expect(report.description == "no worker is ready: queue depth 3 (limit 100), oldest 840 ms, 2 refused so far")
    }

    @Test func `how long it lasted is from the first to the last moment that somebody waited`() {
        var notice = OverloadNotice()
        // Seen after 400 ms of waiting; the last one is seen 1.7 s later, and the silence that follows does not count.
        _ = notice.look(at: snapshot(depth: 2, oldest: 400), now: at(10_000))
        _ = notice.look(at: snapshot(depth: 1, oldest: 2100), now: at(11_700))
        let reports = [12_000, 12_500, 13_000, 20_000].map { notice.look(at: snapshot(depth: 0), now: at($0)) }
        #expect(reports == [nil, nil, .over(lasted: .milliseconds(2100), maximumDepth: 2, refused: 0), nil])
    }

    @Test func `a slow app is not said to finish nothing`() {
        var slow = snapshot(depth: 1)
        slow.completionsPerSecond = 0.24
        #expect(OverloadReport.standing(slow).description.hasSuffix("0.2 req/s finishing"))
        slow.completionsPerSecond = .infinity
        #expect(OverloadReport.standing(slow).description.hasSuffix("req/s finishing"))
        slow.completionsPerSecond = .nan
        #expect(OverloadReport.standing(slow).description.hasSuffix("req/s finishing"))
    }

    @Test func `short waits are not worth a word`() {
        var notice = OverloadNotice()
        for time in stride(from: 0, to: 10_000, by: 50) as StrideTo<UInt64> {
            #expect(notice.look(at: snapshot(depth: 3, oldest: 100), now: at(time)) == nil)
        }
        #expect(!notice.isStanding)
    }

    @Test func `speaks at once and then at most once a second while requests wait`() {
        var notice = OverloadNotice()
        var spoken: [UInt64] = []
        for time in stride(from: 0, to: 5000, by: 20) as StrideTo<UInt64> {
            if case .standing = notice.look(at: snapshot(depth: 9, oldest: 300), now: at(time)) { spoken.append(time) }
        }
        #expect(spoken == [0, 1000, 2000, 3000, 4000])
    }

    @Test func `says once that it is over with length and greatest depth and refusals`() {
        var notice = OverloadNotice()
        _ = notice.look(at: snapshot(depth: 0, refused: 7), now: at(0))
        _ = notice.look(at: snapshot(depth: 0, refused: 7), now: at(2000))
        #expect(!notice.isStanding)
        _ = notice.look(at: snapshot(depth: 5, oldest: 200, refused: 7), now: at(10_000))
        _ = notice.look(at: snapshot(depth: 40, oldest: 900, refused: 9), now: at(10_500))
        _ = notice.look(at: snapshot(depth: 2, oldest: 50, refused: 9), now: at(12_000))
        var reports: [OverloadReport] = []
        for time in stride(from: 12_100, to: 16_000, by: 100) as StrideTo<UInt64> {
            if let report = notice.look(at: snapshot(depth: 0, refused: 9), now: at(time)) { reports.append(report) }
        }
        #expect(reports == [.over(lasted: .milliseconds(2200), maximumDepth: 40, refused: 2)])
        #expect(!notice.isStanding)
    }

    @Test func `a short pause does not end it`() {
        var notice = OverloadNotice()
        var overs = 0
        for time in stride(from: 0, to: 20_000, by: 100) as StrideTo<UInt64> {
            let depth = time % 1000 < 500 ? 5 : 0
            if case .over = notice.look(at: snapshot(depth: depth, oldest: depth > 0 ? 200 : 0), now: at(time)) {
                overs += 1
            }
        }
        #expect(overs == 0)
    }

    @Test func `refusals alone are worth a word`() {
        var notice = OverloadNotice()
        #expect(notice.look(at: snapshot(depth: 0, refused: 1), now: at(0)) != nil)
        #expect(notice.look(at: snapshot(depth: 0, refused: 2), now: at(10)) == nil)
        #expect(notice.isStanding)
    }

    @Test func `it is not over while requests are refused`() {
        var notice = OverloadNotice()
        for time in 0..<50 as Range<UInt64> {
            let report = notice.look(at: snapshot(depth: 0, refused: time + 1), now: at(time * 100))
            #expect((report != nil) == (time % 10 == 0))
            if case .over = report { Issue.record("Said to be over at \(time * 100) ms") }
        }
    }

    @Test func `a clock that goes backwards does not trap`() {
        var notice = OverloadNotice()
        for time in [9000, 0, 20_000, 3, 9] as [UInt64] {
            _ = notice.look(at: snapshot(depth: 5, oldest: 30_000), now: at(time))
            _ = notice.look(at: snapshot(depth: 0), now: Instant(nanoseconds: 0))
        }
        #expect(notice.look(at: snapshot(depth: 5, oldest: 200), now: .distantFuture) != nil)
    }
}
