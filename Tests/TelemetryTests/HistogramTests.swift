import Telemetry
import Testing

@Suite struct HistogramTests {
    /// Numbers that are the same in every run (splitmix64).
    struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    @Test func `an empty histogram has no quantile`() {
        let histogram = Histogram()
        #expect(histogram.quantile(0.5) == nil)
        #expect(histogram.count == 0)
        #expect(histogram.cumulativeCounts.allSatisfy { $0 == 0 })
    }

    @Test func `a bound counts what is equal to it and not what is one nanosecond above`() {
        for (index, bound) in Histogram.boundsNanoseconds.enumerated() {
            var histogram = Histogram()
            histogram.record(nanoseconds: bound)
            #expect(histogram.cumulativeCounts[index] == 1, "\(bound)")
            #expect(index == 0 || histogram.cumulativeCounts[index - 1] == 0, "\(bound)")
            histogram.record(nanoseconds: bound + 1)
            #expect(histogram.cumulativeCounts[index] == 1, "\(bound)")
            #expect(histogram.cumulativeCounts[index + 1] == 2, "\(bound)")
        }
    }

    @Test func `the smallest and the largest numbers are counted`() {
        var histogram = Histogram()
        for value in [0, 1, 15, 16, 17, .max - 1, .max] as [UInt64] { histogram.record(nanoseconds: value) }
        #expect(histogram.count == 7)
        #expect(histogram.cumulativeCounts.first == 5)
        #expect(histogram.cumulativeCounts.last == 7)
        #expect(histogram.sumNanoseconds == .max)
        #expect(histogram.quantile(1) == .max)
        #expect(histogram.quantile(0) == 0)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `cumulative counts agree with counting by hand`(seed: UInt64) {
        var numbers = Numbers(state: seed)
        var histogram = Histogram()
        let values = (0..<2000).map { _ in numbers.next() >> UInt64.random(in: 0...63, using: &numbers) }
        for value in values { histogram.record(nanoseconds: value) }
        let expected = Histogram.boundsNanoseconds.map { bound in UInt64(values.count { $0 <= bound }) }
        #expect(histogram.cumulativeCounts == expected + [2000])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a quantile is within an eighth of the exact one, grows with its share, and never passes the maximum`(
        seed: UInt64
    ) throws {
        var numbers = Numbers(state: seed)
        var histogram = Histogram()
        let values = (0..<1001).map { _ in numbers.next() >> UInt64.random(in: 20...50, using: &numbers) }.sorted()
        for value in values { histogram.record(nanoseconds: value) }
        var previous: UInt64 = 0
        for step in 0...1000 {
            let share = Double(step) / 1000
            let estimate = try #require(histogram.quantile(share))
            let exact = Double(values[max(0, Int((share * 1001).rounded(.up)) - 1)])
            #expect(abs(Double(estimate) - exact) <= exact / 8 + 1, "\(share): \(estimate) for \(exact)")
            #expect(estimate >= previous)
            #expect(estimate <= histogram.maximumNanoseconds)
            previous = estimate
        }
    }

    @Test func `shares that make no sense are taken as 0 or 1`() {
        var histogram = Histogram()
        histogram.record(nanoseconds: 10)
        histogram.record(nanoseconds: 1_000_000)
        #expect(histogram.quantile(-3) == histogram.quantile(0))
        #expect(histogram.quantile(.nan) == histogram.quantile(0))
        #expect(histogram.quantile(7) == histogram.quantile(1))
    }

    @Test func `a copy is a snapshot`() {
        var histogram = Histogram()
        histogram.record(nanoseconds: 5)
        let copy = histogram
        histogram.record(nanoseconds: 6)
        #expect(copy.count == 1)
        #expect(copy.cumulativeCounts.last == 1)
        #expect(histogram.count == 2)
    }
}
