import RequestQueue
import Testing

@Suite struct ServiceEstimateTests {
    @Test func `knows nothing before anything finished`() {
        #expect(ServiceEstimate().mean == nil)
        #expect(ServiceEstimate().median == nil)
    }

    @Test func `a constant service time is both mean and median`() {
        var estimate = ServiceEstimate()
        for _ in 0..<1000 { estimate.add(.milliseconds(60)) }
        #expect(estimate.mean == .milliseconds(60))
        #expect(estimate.median == .milliseconds(60))
    }

    @Test func `mean and median of a skewed mix are told apart`() throws {
        var random = SeededGenerator(seed: 1)
        var estimate = ServiceEstimate()
        for _ in 0..<20_000 { estimate.add(.milliseconds(random.chance(0.2) ? 200 : 10)) }
        let mean = try #require(estimate.mean)
        let median = try #require(estimate.median)
        #expect((25...75).contains(mean.inMilliseconds))
        #expect((9...14).contains(median.inMilliseconds))
    }

    @Test func `the median of a uniform mix is about its middle`() throws {
        for seed in 1...10 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            var estimate = ServiceEstimate()
            for _ in 0..<5000 { estimate.add(.milliseconds(UInt64.random(in: 0...100, using: &random))) }
            #expect((30...70).contains(try #require(estimate.median).inMilliseconds))
        }
    }

    @Test func `is monotone in the sample`() throws {
        var random = SeededGenerator(seed: 2)
        var estimate = ServiceEstimate()
        for _ in 0..<200 {
            estimate.add(.milliseconds(UInt64.random(in: 0...500, using: &random)))
            var less = estimate
            var more = estimate
            let sample = UInt64.random(in: 0...500, using: &random)
            less.add(.milliseconds(sample))
            more.add(.milliseconds(sample + 50))
            #expect(try #require(less.mean) <= #require(more.mean))
            #expect(try #require(less.median) <= #require(more.median))
        }
    }

    @Test func `one long download hardly moves it and a true slowdown arrives`() throws {
        var estimate = ServiceEstimate()
        for _ in 0..<200 { estimate.add(.milliseconds(50)) }
        estimate.add(.seconds(3600))
        #expect(try #require(estimate.mean) < .milliseconds(80))
        for _ in 0..<400 { estimate.add(.seconds(5)) }
        #expect(try #require(estimate.mean) > .seconds(4))
        #expect(try #require(estimate.median) > .seconds(4))
    }

    @Test func `extremes do not trap`() {
        var estimate = ServiceEstimate()
        for sample in [Nanoseconds.zero, .maximum, .zero, .maximum, .maximum, Nanoseconds(1), .zero] {
            estimate.add(sample)
        }
        var largest = ServiceEstimate()
        for _ in 0..<100 { largest.add(.maximum) }
        #expect(largest.mean == .maximum)
    }
}

@Suite struct DelayControlTests {
    private let target = Nanoseconds.milliseconds(100)

    /// Dequeues a request each 10 ms that waited this long, and returns how many of them were shed.
    private func shed(_ control: inout DelayControl, waited: UInt64, from start: UInt64, count: UInt64) -> Int {
        (0..<count).count { control.sheds(waited: .milliseconds(waited), target: target, at: at(start + $0 * 10)) }
    }

    @Test func `the target is the mean service time and at least the minimum`() {
        #expect(DelayControl.target(minimum: target, meanService: nil) == target)
        #expect(DelayControl.target(minimum: target, meanService: .milliseconds(60)) == target)
        #expect(DelayControl.target(minimum: target, meanService: .seconds(2)) == .seconds(2))
    }

    @Test func `sheds nothing while requests hardly wait`() {
        var control = DelayControl()
        #expect(shed(&control, waited: 0, from: 0, count: 1000) == 0)
        #expect(shed(&control, waited: 100, from: 10_000, count: 1000) == 0)
        #expect(!control.isStanding)
    }

    @Test func `sheds nothing in the first interval and all but the first in the next`() {
        var control = DelayControl()
        #expect(shed(&control, waited: 500, from: 0, count: 100) == 0)
        #expect(shed(&control, waited: 500, from: 1000, count: 100) == 99)
        #expect(control.isStanding)
    }

    @Test func `sheds only what waited more than twice the target`() {
        var control = DelayControl()
        _ = shed(&control, waited: 500, from: 0, count: 101)
        #expect(control.isStanding)
        #expect(control.sheds(waited: .milliseconds(200), target: target, at: at(1100)) == false)
        #expect(control.sheds(waited: .milliseconds(201), target: target, at: at(1101)) == true)
    }

    @Test func `one short wait in an interval says that the queue does not stand`() {
        var control = DelayControl()
        _ = shed(&control, waited: 500, from: 0, count: 50)
        _ = shed(&control, waited: 1, from: 500, count: 1)
        _ = shed(&control, waited: 500, from: 510, count: 49)
        #expect(shed(&control, waited: 500, from: 1000, count: 100) == 0)
    }

    @Test func `opens again after an interval without a request`() {
        var control = DelayControl()
        _ = shed(&control, waited: 500, from: 0, count: 110)
        #expect(control.isStanding)
        #expect(control.sheds(waited: .seconds(9), target: target, at: at(9000)) == false)
        #expect(!control.isStanding)
        #expect(control.sheds(waited: .seconds(9), target: target, at: at(9001)) == false)
    }

    @Test func `a longer wait is never spared where a shorter one is shed`() {
        var random = SeededGenerator(seed: 3)
        var control = DelayControl()
        var now = at(0)
        for _ in 0..<2000 {
            now = now + .milliseconds(UInt64.random(in: 0...100, using: &random))
            let waited = Nanoseconds.milliseconds(UInt64.random(in: 0...1000, using: &random))
            var shorter = control
            var longer = control
            if shorter.sheds(waited: waited, target: target, at: now) {
                #expect(longer.sheds(waited: waited + .milliseconds(1), target: target, at: now) == true)
            }
            _ = control.sheds(waited: waited + .milliseconds(150), target: target, at: now)
        }
    }

    @Test func `a clock set back by an hour does not leave it shedding for an hour`() {
        var control = DelayControl()
        _ = shed(&control, waited: 500, from: 3_600_000, count: 110)
        #expect(control.isStanding)
        #expect(control.sheds(waited: .milliseconds(500), target: target, at: at(0)) == false)
        #expect(!control.isStanding)
    }

    @Test func `extremes do not trap`() {
        var control = DelayControl()
        for now in [Instant(nanoseconds: 0), .distantFuture, Instant(nanoseconds: 1), .distantFuture, .distantFuture] {
            _ = control.sheds(waited: .maximum, target: .maximum, at: now)
            _ = control.sheds(waited: .zero, target: .zero, at: now)
        }
    }
}

@Suite struct CompletionRateTests {
    @Test func `is zero before anything finished and ten seconds after the last`() {
        var rate = CompletionRate()
        #expect(rate.perSecond(at: at(0)) == 0)
        for time in 0..<100 as Range<UInt64> { rate.add(at: at(time)) }
        #expect(rate.perSecond(at: at(500)) > 0)
        #expect(rate.perSecond(at: at(10_100)) == 0)
        #expect(rate.perSecond(at: .distantFuture) == 0)
    }

    @Test func `a steady rate is told right from the second second on`() {
        for each in [2, 10, 33, 250, 1000] as [UInt64] {
            var rate = CompletionRate()
            for time in stride(from: 0, to: 30_000, by: Int(each)) {
                rate.add(at: at(UInt64(time)))
                if time >= 2000 {
                    let expected = 1000 / Double(each)
                    #expect(abs(rate.perSecond(at: at(UInt64(time))) - expected) <= expected * 0.15 + 0.5)
                }
            }
        }
    }

    @Test func `a completion never lowers it`() {
        var random = SeededGenerator(seed: 4)
        var rate = CompletionRate()
        var now = at(0)
        for _ in 0..<5000 {
            now = now + .milliseconds(UInt64.random(in: 0...300, using: &random))
            let before = rate.perSecond(at: now)
            rate.add(at: now)
            #expect(rate.perSecond(at: now) >= before)
        }
    }

    @Test func `a clock that jumps does not trap`() {
        var rate = CompletionRate()
        for now in [at(0), .distantFuture, Instant(nanoseconds: 0), at(5), .distantFuture, at(20_000)] {
            rate.add(at: now)
            #expect(rate.perSecond(at: now) >= 0)
            #expect(rate.perSecond(at: Instant(nanoseconds: 0)) >= 0)
        }
    }
}

@Suite struct RetryAfterTests {
    private func seconds(_ depth: Int, _ rate: Double, threads: Int = 8, mean: Nanoseconds? = nil) -> Int {
        RetryAfter.seconds(depth: depth, completionsPerSecond: rate, threads: threads, meanService: mean)
    }

    @Test func `is the time in which the queue drains`() {
        #expect(seconds(0, 0) == 1)
        #expect(seconds(1, 100) == 1)
        #expect(seconds(100, 31) == 4)
        #expect(seconds(4, 1, threads: 1) == 4)
    }

    @Test func `stays within one second and two minutes`() {
        #expect(seconds(.max, 1e-300) == 120)
        #expect(seconds(1, .infinity) == 1)
        #expect(seconds(1, .nan) == RetryAfter.unknown)
        #expect(seconds(-5, -1) == 1)
    }

    @Test func `falls back on the service time where nothing finished of late`() {
        #expect(seconds(16, 0, threads: 4, mean: .seconds(20)) == 80)
        #expect(seconds(16, 0, threads: 4, mean: .zero) == 1)
        #expect(seconds(16, 0, threads: 0, mean: .seconds(20)) == RetryAfter.unknown)
    }

    @Test func `grows with the depth and falls with the rate`() {
        for depth in 1..<300 {
            #expect(seconds(depth, 7) <= seconds(depth + 1, 7))
            #expect(seconds(depth, 7) >= seconds(depth, 8))
        }
    }

    @Test func `jitter adds up to half and a quarter on average`() {
        var random = SeededGenerator(seed: 5)
        for base in [1, 2, 10, 120] {
            let values = (0..<4000).map { _ in RetryAfter.jittered(base, random: random.next()) }
            #expect(values.min() == base)
            #expect(values.allSatisfy { $0 <= base + (base + 1) / 2 })
            let mean = Double(values.reduce(0, +)) / 4000 / Double(base)
            #expect((1.2...1.3).contains(mean))
        }
        #expect(RetryAfter.jittered(.max, random: .max) <= 180)
        #expect(RetryAfter.jittered(.min, random: 0) == 1)
    }
}

@Suite struct TimeTests {
    @Test func `durations convert both ways and saturate`() {
        #expect(Nanoseconds(.seconds(30)) == .seconds(30))
        #expect(Nanoseconds(.milliseconds(1500)).duration == .milliseconds(1500))
        #expect(Nanoseconds(.seconds(-1)) == .zero)
        #expect(Nanoseconds(.nanoseconds(-1)) == .zero)
        #expect(Nanoseconds(.seconds(Int64.max)) == .maximum)
        #expect(Nanoseconds.maximum.duration > .seconds(18_000_000_000))
    }

    @Test func `arithmetic saturates`() {
        #expect(Nanoseconds.maximum + .maximum == .maximum)
        #expect(Nanoseconds.zero - .maximum == .zero)
        #expect(Nanoseconds.maximum * 2 == .maximum)
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Instant(nanoseconds: 1).since(.distantFuture) == .zero)
    }
}
