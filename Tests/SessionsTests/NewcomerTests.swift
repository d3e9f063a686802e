import RequestQueue
import Sessions
import Testing

/// Who counts when a newcomer is given a worker: browsers that came back, and a little those that may.
@Suite struct NewcomerTests {
    /// What happens, one thing after another.
    private enum Event {
        /// A request without a cookie comes, and is given this name.
        case comes(UInt64)
        /// A request with this name in its cookie comes.
        case comesBack(UInt64)
        /// This session opens a WebSocket at its worker.
        case opens(UInt64)
        /// These seconds pass.
        case pass(UInt64)
    }

    /// Has it all happen to two workers, and returns to which each request without a cookie was sent.
    private func sent(_ events: [Event]) -> [WorkerID?] {
        var table = SessionTable(one, two)
        var now = at(0)
        var workers: [WorkerID?] = []
        for event in events {
            switch event {
            case .comes(let number):
                workers.append(table.place(session(number), isNew: true, at: now))
            case .comesBack(let number):
                _ = table.place(session(number), at: now)
            case .opens(let number):
                guard let worker = table.worker(of: session(number)) else { continue }
                table.socketOpened(session(number), on: worker, at: now)
            case .pass(let seconds):
                now = now + .seconds(seconds)
                table.expire(at: now)
            }
        }
        return workers
    }

    @Test func `two browsers that come one after the other, before either's cookie is back, get two workers`() {
        #expect(sent([.comes(1), .comes(2)]) == [one, two])
    }

    @Test func `a crowd of new browsers is spread evenly`() {
        let workers = sent((1...20).map { .comes($0) })
        #expect(workers.count { $0 == one } == 10)
        #expect(workers.count { $0 == two } == 10)
    }

    @Test func `a crowd that meets one browser fills the other worker a little more, not it alone`() {
        let workers = sent([.comes(1), .comesBack(1)] + (2...21).map { .comes($0) })
        #expect(workers.dropFirst().count { $0 == two } == 12)
        #expect(workers.dropFirst().count { $0 == one } == 8)
    }

    @Test func `what a browser sends without its cookie does not push the next browser to it`() {
        // Between the two, one request without a cookie, and three of them.
        #expect(sent([.comes(1), .comesBack(1), .comes(101), .comes(2)]).last == two)
        #expect(sent([.comes(1), .comesBack(1), .comes(101), .comes(102), .comes(103), .comes(2)]).last == two)
    }

    @Test func `nor do they when they come before the browser's first cookie`() {
        #expect(sent([.comes(1), .comes(101), .comesBack(1), .comes(2)]).last == two)
        #expect(sent([.comes(1), .comes(101), .comes(102), .comes(103), .comesBack(1), .comes(2)]).last == two)
    }

    @Test func `a WebSocket shows that a browser is there, as its cookie does`() {
        #expect(sent([.comes(1), .opens(1), .comes(101), .comes(102), .comes(103), .comes(2)]).last == two)
    }

    @Test func `what has not come back in ten seconds counts nothing`() {
        let crowd = (101...140).map { Event.comes($0) }
        #expect(sent([.comes(1), .comesBack(1)] + crowd + [.comes(2)]).last == one)
        #expect(sent([.comes(1), .comesBack(1)] + crowd + [.pass(10), .comes(2)]).last == two)
    }

    @Test func `who comes back late is still at home`() {
        var table = SessionTable(one, two)
        _ = table.place(session(1), isNew: true, at: at(0))
        _ = table.place(session(2), isNew: true, at: at(0))
        table.expire(at: at(30))
        #expect(table.sessions(of: two) == 0)
        #expect(table.place(session(2), at: at(30)) == two)
        #expect(table.sessions(of: two) == 1)
    }

    @Test func `newcomers are no sessions yet`() {
        var table = SessionTable(one, two)
        for number in 1...9 as ClosedRange<UInt64> { _ = table.place(session(number), isNew: true, at: at(0)) }
        #expect(table.sessions(of: one) == 0)
        _ = table.place(session(1), at: at(1))
        #expect(table.sessions(of: one) == 1)
    }
}
