import Testing

@testable import RequestQueue

@Suite struct ClientSharesTests {
    @Test func `nobody gives way where nobody waits`() {
        let shares = ClientShares()
        #expect(shares.victim(for: client(1)) == nil)
        #expect(shares.victim(for: .shared) == nil)
    }

    @Test func `agrees with counting`() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            var shares = ClientShares()
            var waiting: [(request: Int32, key: ClientKey)] = []
            var free = Array((0..<64 as Range<Int32>).shuffled(using: &random))
            for _ in 0..<500 {
                if random.chance(0.55), let request = free.popLast() {
                    let key = client(UInt64.random(in: 1...6, using: &random))
                    shares.add(request, of: key)
                    waiting.append((request, key))
                } else if let index = waiting.indices.randomElement(using: &random) {
                    shares.remove(waiting[index].request)
                    free.append(waiting.remove(at: index).request)
                }
                let counts = Dictionary(grouping: waiting, by: \.key).mapValues(\.count)
                let most = counts.values.max() ?? 0
                #expect(shares.most == most)
                for number in 1...7 as ClosedRange<UInt64> {
                    let own = counts[client(number)] ?? 0
                    #expect(shares.count(of: client(number)) == own)
                    let victim = shares.victim(for: client(number))
                    #expect((victim != nil) == (most > own + 1))
                    if let victim {
                        let heavy = counts.filter { $0.value == most }.keys
                        let newest = heavy.compactMap { key in waiting.last { $0.key == key }?.request }
                        #expect(newest.contains(victim))
                    }
                }
            }
        }
    }
}

@Suite struct DeadlineHeapTests {
    @Test func `the first is always the earliest`() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            var heap = DeadlineHeap()
            var waiting: [Int32: Instant] = [:]
            var free = Array((0..<100 as Range<Int32>).shuffled(using: &random))
            for _ in 0..<1000 {
                if random.chance(0.52), let request = free.popLast() {
                    let deadline = Instant(nanoseconds: UInt64.random(in: 0...50, using: &random))
                    heap.add(request, deadline: deadline)
                    waiting[request] = deadline
                } else if let request = waiting.keys.sorted().randomElement(using: &random) {
                    heap.remove(request)
                    waiting[request] = nil
                    free.append(request)
                }
                #expect(heap.count == waiting.count)
                #expect(heap.first?.deadline == waiting.values.min())
                if let first = heap.first { #expect(waiting[first.request] == first.deadline) }
            }
        }
    }
}
