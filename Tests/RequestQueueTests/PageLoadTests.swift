import RequestQueue
import Testing

/// Dashboards against the queue, on virtual time: 8 threads, 60 ms mean service, pages of one document and twelve
/// callbacks, whole when all were answered within two seconds.
@Suite struct PageLoadTests {
    private let seeds: ClosedRange<UInt64> = 1...5

    private func shares(_ change: (inout PageLoadSimulation) -> Void) -> [Double] {
        var simulation = PageLoadSimulation()
        change(&simulation)
        return seeds.map { simulation.run(seed: $0).share }
    }

    @Test func `at 60 percent load practically every page is whole`() {
        for share in shares({ $0.load = 0.6 }) { #expect(share >= 0.99) }
        let classed = shares {
            $0.load = 0.6
            $0.documentClass = .sheddable
        }
        for share in classed { #expect(share >= 0.99) }
    }

    /// The most that is possible at 1.5 times the capacity is two thirds of the pages.
    @Test func `at 150 percent load nearly all that is possible is whole when documents yield to callbacks`() {
        let shares = shares {
            $0.load = 1.5
            $0.documentClass = .sheddable
        }
        for share in shares { #expect(share >= 0.60) }
        #expect(shares.reduce(0, +) / Double(shares.count) >= 0.63)
    }

    @Test func `at 150 percent load half of the pages are whole when a page asks for everything at once`() {
        let shares = shares {
            $0.load = 1.5
            $0.connections = 12
        }
        #expect(shares.reduce(0, +) / Double(shares.count) >= 0.52)
    }

    /// Six connections mean two rounds of callbacks, each of which may be shed: without knowing what belongs together
    /// the queue does much better than none, and much worse than with classes.
    @Test
    func `at 150 percent load a third of the pages are whole when the queue cannot tell documents from callbacks`() {
        let controlled = shares { $0.load = 1.5 }
        #expect(controlled.reduce(0, +) / Double(controlled.count) >= 0.35)
        let unbounded = shares {
            $0.load = 1.5
            $0.policy.limit = QueuePolicy.greatestLimit
            $0.policy.isDelayControlled = false
        }
        for share in unbounded { #expect(share < 0.10) }
    }

    @Test func `the same seed gives the same run`() {
        let simulation = PageLoadSimulation(load: 1.2, seconds: 30)
        let first = simulation.run(seed: 7)
        let second = simulation.run(seed: 7)
        #expect(first.whole == second.whole)
        #expect(first.refused == second.refused)
        #expect(first.pages > 0)
    }
}
