import RequestQueue
import Testing

/// How long a worker takes for a request, while its threads share the GIL.
@Suite struct ThreadPaceTests {
    private func pace(_ count: Int, of service: Nanoseconds, busyThreads: Int) -> Nanoseconds? {
        var pace = ThreadPace()
        for _ in 0..<count { pace.add(service, busyThreads: busyThreads) }
        return pace.mean
    }

    @Test func `knows nothing before the first request`() {
        #expect(ThreadPace().mean == nil)
    }

    @Test func `is the service time divided by the threads that were busy`() {
        #expect(pace(1, of: .milliseconds(8), busyThreads: 8) == .milliseconds(1))
        #expect(pace(1, of: .milliseconds(8), busyThreads: 1) == .milliseconds(8))
    }

    @Test(arguments: [1, 100, 1000] as [UInt64], [1, 7, 64])
    func `stays where all samples are`(milliseconds: UInt64, threads: Int) {
        let service = Nanoseconds(milliseconds * 10_000)
        let expected = service.count / UInt64(threads)
        let mean = pace(1000, of: service, busyThreads: threads)?.count ?? 0
        // Rounding loses less than one of 64 parts' unit in each step.
        #expect(mean <= expected && mean + 128 >= expected)
    }

    @Test func `follows a change within a few hundred requests, up and down`() {
        var pace = ThreadPace()
        for _ in 0..<500 { pace.add(.milliseconds(10), busyThreads: 1) }
        for _ in 0..<500 { pace.add(.milliseconds(1), busyThreads: 1) }
        #expect(pace.mean.map { $0 < .milliseconds(2) } == true)
        for _ in 0..<500 { pace.add(.milliseconds(10), busyThreads: 1) }
        #expect(pace.mean.map { $0 > .milliseconds(9) } == true)
    }

    @Test func `one endless request counts no more than twenty milliseconds`() {
        var pace = ThreadPace()
        pace.add(.maximum, busyThreads: 1)
        #expect(pace.mean == .milliseconds(20))
        for _ in 0..<10_000 { pace.add(.maximum, busyThreads: 1) }
        #expect(pace.mean.map { $0 <= .milliseconds(20) } == true)
    }

    @Test func `numbers that make no sense do not trap`() {
        var pace = ThreadPace()
        for threads in [Int.min, -1, 0, 1, .max] {
            for service in [Nanoseconds.zero, Nanoseconds(1), .maximum] { pace.add(service, busyThreads: threads) }
        }
        #expect(pace.mean.map { $0 > .zero && $0 <= .milliseconds(20) } == true)
    }
}
