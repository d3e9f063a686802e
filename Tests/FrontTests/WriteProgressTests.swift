import RequestQueue
import Testing

@testable import Front

@Suite struct WriteProgressTests {
    /// Can be changed within an expectation.
    private final class Progress {
        private var value = WriteProgress(base: 1000)

        var isPingDelivered: Bool { value.isPingDelivered }
        func wrote(_ count: Int) { value.wrote(count) }
        func pinged() { value.pinged() }
        func look(acknowledged: UInt64, limit: Nanoseconds, at now: Instant) -> Bool {
            value.look(acknowledged: acknowledged, limit: limit, at: now)
        }
    }

    private let progress = Progress()
    private let limit = Nanoseconds.seconds(60)

    private func seconds(_ count: UInt64) -> Instant { Instant(nanoseconds: count * 1_000_000_000) }

    @Test func `a client that has everything is never stalled`() {
        progress.wrote(10)
        for second in 0...200 {
            #expect(!progress.look(acknowledged: 1010, limit: limit, at: seconds(UInt64(second))))
        }
    }

    @Test func `a client that takes nothing for too long is stalled`() {
        progress.wrote(10)
        #expect(!progress.look(acknowledged: 1005, limit: limit, at: seconds(1)))
        #expect(!progress.look(acknowledged: 1005, limit: limit, at: seconds(61)))
        #expect(progress.look(acknowledged: 1005, limit: limit, at: seconds(62)))
    }

    @Test func `any byte that it takes gives it the time anew`() {
        progress.wrote(1000)
        for round in 0..<10 {
            let acknowledged = UInt64(1000 + round)
            #expect(!progress.look(acknowledged: acknowledged, limit: limit, at: seconds(UInt64(round * 60))))
        }
    }

    @Test func `a ping has arrived when all before it has`() {
        #expect(progress.isPingDelivered)
        progress.wrote(500)
        progress.pinged()
        #expect(!progress.isPingDelivered)
        _ = progress.look(acknowledged: 1499, limit: limit, at: seconds(1))
        #expect(!progress.isPingDelivered)
        progress.wrote(100)
        _ = progress.look(acknowledged: 1500, limit: limit, at: seconds(2))
        #expect(progress.isPingDelivered)
    }
}
