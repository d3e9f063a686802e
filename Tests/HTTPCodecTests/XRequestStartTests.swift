import HTTPCodec
import Testing

@Suite struct XRequestStartTests {
    private static let now: Int64 = 1_700_000_000_500_000

    private func wait(_ value: String, now: Int64 = now) -> Int64? {
        withExactBytes(latin1(value)) { XRequestStart.upstreamWait(value: $0, now: now) }
    }

    @Test(arguments: [
        "t=1700000000.250", "1700000000.25", "T=1700000000.2500009", "1700000000250", "t=1700000000250",
        "1700000000250000", "t=1700000000250000", "1700000000250000000", "1700000000250.0",
    ])
    func `every notation in use says the same`(value: String) {
        #expect(wait(value) == 250_000)
    }

    @Test func `the future is no wait and the distant past is the word of a wrong clock`() {
        #expect(wait("t=1700000001.000") == 0)
        #expect(wait("1700000000.5") == 0)
        #expect(wait("1600000000") == nil)
        #expect(wait("1000000000") == nil)
        #expect(wait("9223372036854775807") == 0)
        #expect(wait("9223372036854775807", now: .min) == nil)
    }

    @Test(arguments: [
        "", "t=", "t", "=", "0", "999999999", "t=-1700000000", "+1700000000", "1700000000,5", "1700000000 ",
        "x1700000000",
        "1700000000.2.5", "1700000000s", "99999999999999999999", "100000000000", "t=t=1700000000", ".5", "0x1700000000",
    ])
    func `what is no time of a clock is nothing`(value: String) {
        #expect(wait(value) == nil)
    }
}
