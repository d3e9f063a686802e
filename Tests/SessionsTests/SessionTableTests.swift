import RequestQueue
import Sessions
import Testing

@Suite struct SessionTableTests {
    @Test func `new sessions go to the worker with the fewest, the first of equals`() {
        var table = SessionTable(one, two)
        #expect((1...4).map { table.place(session($0), at: at(0)) } == [one, two, one, two])
        #expect(table.sessions(of: one) == 2)
        #expect(table.sessions(of: three) == nil)
    }

    @Test func `a session stays with its worker`() {
        var table = SessionTable(one, two)
        _ = table.place(session(1), at: at(0))
        #expect((2...9).map { _ in table.place(session(1), at: at(1)) } == Array(repeating: one, count: 8))
        #expect(table.sessions(of: one) == 1)
        #expect(table.count == 1)
    }

    @Test func `each open WebSocket counts`() {
        var table = SessionTable(one, two)
        _ = table.place(session(1), at: at(0))
        for _ in 0..<3 { table.socketOpened(session(1), on: one, at: at(0)) }
        #expect(table.sessions(of: one) == 3)
        #expect((2...4).map { table.place(session($0), at: at(0)) } == [two, two, two])
        for _ in 0..<3 { table.socketClosed(session(1), on: one, at: at(1)) }
        #expect(table.sessions(of: one) == 1)
        #expect(table.sockets(of: session(1)) == 0)
    }

    @Test func `there is no worker before there is one`() {
        var table = SessionTable()
        #expect(table.place(session(1), at: at(0)) == nil)
        #expect(table.count == 0)
    }

    @Test func `a worker that ends loses its sessions to others, each when it is next seen`() {
        var table = SessionTable(one, two)
        for number in 1...4 as ClosedRange<UInt64> { _ = table.place(session(number), at: at(0)) }
        table.socketOpened(session(1), on: one, at: at(0))
        table.remove(one, at: at(1))
        #expect(table.worker(of: session(1)) == nil)
        #expect(table.sockets(of: session(1)) == 0)
        #expect(table.sessions(of: one) == nil)
        // The front tells of the end of its WebSockets in its own time.
        table.socketClosed(session(1), on: one, at: at(1))
        #expect(table.place(session(1), at: at(2)) == two)
        #expect(table.place(session(3), at: at(2)) == two)
        #expect(table.place(session(2), at: at(2)) == two)
        #expect(table.movedFromEnded == 2)
        #expect(table.sessions(of: two) == 4)
    }

    @Test func `a session without a worker keeps its name until there is one`() {
        var table = SessionTable(one)
        _ = table.place(session(1), at: at(0))
        table.remove(one, at: at(1))
        #expect(table.place(session(1), at: at(2)) == nil)
        table.add(two)
        #expect(table.place(session(1), at: at(3)) == two)
        #expect(table.movedFromEnded == 1)
    }

    @Test func `a worker that leaves gets no new session, and keeps those that hold a WebSocket`() {
        var table = SessionTable(one, two)
        for number in 1...4 as ClosedRange<UInt64> { _ = table.place(session(number), at: at(0)) }
        table.socketOpened(session(1), on: one, at: at(0))
        table.leave(one)
        #expect(table.place(session(5), at: at(1)) == two)
        #expect(table.place(session(1), at: at(1)) == one)
        #expect(table.place(session(3), at: at(1)) == two)
        #expect(table.movedFromLeaving == 1)
        table.socketClosed(session(1), on: one, at: at(2))
        #expect(table.place(session(1), at: at(2)) == two)
        #expect(table.sessions(of: one) == 0)
        #expect(table.sessions(of: two) == 5)
    }

    @Test func `with nobody to take over, a worker that leaves keeps its sessions`() {
        var table = SessionTable(one)
        _ = table.place(session(1), at: at(0))
        table.leave(one)
        #expect(table.place(session(1), at: at(1)) == one)
        #expect(table.place(session(2), at: at(1)) == nil)
        #expect(table.movedFromLeaving == 0)
    }

    @Test func `a session's WebSocket says where its state is`() {
        var table = SessionTable(one, two)
        _ = table.place(session(1), at: at(0))
        table.socketOpened(session(1), on: two, at: at(0))
        #expect(table.worker(of: session(1)) == two)
        #expect(table.sessions(of: one) == 0)
        table.socketOpened(session(1), on: one, at: at(0))
        #expect(table.worker(of: session(1)) == two)
        table.socketClosed(session(1), on: one, at: at(0))
        #expect(table.sockets(of: session(1)) == 1)
    }

    // MARK: Time

    @Test func `a browser that is not seen for a while does not count, but is remembered`() {
        var table = SessionTable(one, two)
        _ = table.place(session(1), at: at(0))
        table.expire(at: at(119))
        #expect(table.sessions(of: one) == 1)
        table.expire(at: at(120))
        #expect(table.sessions(of: one) == 0)
        _ = table.place(session(2), at: at(121))
        #expect(table.place(session(1), at: at(3000)) == one)
        #expect(table.sessions(of: one) == 1)
    }

    @Test func `one that is not seen for long is forgotten`() {
        var table = SessionTable(one)
        _ = table.place(session(1), at: at(0))
        table.expire(at: at(3719))
        #expect(table.count == 1)
        table.expire(at: at(3720))
        #expect(table.count == 0)
    }

    @Test func `one that holds a WebSocket does not age`() {
        var table = SessionTable(one, two)
        _ = table.place(session(1), at: at(0))
        table.socketOpened(session(1), on: one, at: at(0))
        table.expire(at: at(1_000_000))
        #expect(table.sessions(of: one) == 1)
        table.socketClosed(session(1), on: one, at: at(1_000_000))
        table.expire(at: at(1_000_119))
        #expect(table.sessions(of: one) == 1)
    }

    @Test func `one that never uses its name is soon forgotten`() {
        var table = SessionTable(one)
        _ = table.place(session(1), isNew: true, at: at(0))
        _ = table.place(session(2), isNew: true, at: at(0))
        _ = table.place(session(2), at: at(59))
        #expect(table.sessions(of: one) == 1)
        table.expire(at: at(60))
        #expect(table.count == 1)
        #expect(table.worker(of: session(2)) == one)
    }

    @Test func `when there are too many the one that is missed least goes first`() {
        var table = SessionTable(one) { $0.capacity = 3 }
        _ = table.place(session(1), at: at(0))
        table.socketOpened(session(1), on: one, at: at(0))
        _ = table.place(session(2), at: at(1))
        _ = table.place(session(3), isNew: true, at: at(2))
        _ = table.place(session(4), at: at(3))
        #expect(table.worker(of: session(3)) == nil)
        _ = table.place(session(5), at: at(4))
        #expect(table.worker(of: session(2)) == nil)
        #expect(table.worker(of: session(1)) == one)
        #expect(table.count == 3)
        for number in [4, 5] as [UInt64] { table.socketOpened(session(number), on: one, at: at(5)) }
        #expect(table.place(session(6), at: at(6)) == one)
        #expect(table.count == 3)
    }

    // MARK: Seats

    @Test func `without a bound everybody is admitted`() {
        var table = SessionTable(one)
        #expect(table.admits(session(1)) == true)
    }

    @Test func `beyond the seats of all workers nobody is admitted`() {
        var table = SessionTable(one, two) { $0.seatsPerWorker = 1 }
        for number in 1...3 as ClosedRange<UInt64> { _ = table.place(session(number), at: at(0)) }
        #expect((1...3).map { table.admits(session($0)) } == [true, true, false])
        #expect(table.admits(session(1)) == true)
        #expect(table.admits(session(9), takes: false) == false)
    }

    @Test func `a seat is free again when its session is not seen for a while`() {
        var table = SessionTable(one) { $0.seatsPerWorker = 1 }
        _ = table.place(session(1), at: at(0))
        _ = table.place(session(2), at: at(60))
        #expect(table.admits(session(1)) == true)
        table.expire(at: at(119))
        #expect(table.admits(session(2)) == false)
        table.expire(at: at(120))
        #expect(table.admits(session(2)) == true)
    }

    @Test func `a seat elsewhere is taken by a session that no WebSocket holds`() {
        var table = SessionTable(one, two) { $0.seatsPerWorker = 1 }
        _ = table.place(session(1), at: at(0))
        _ = table.place(session(2), preferring: one, at: at(0))
        #expect(table.admits(session(1)) == true)
        #expect(table.admits(session(2), takes: false) == true)
        #expect(table.worker(of: session(2)) == one)
        #expect(table.admits(session(2)) == true)
        #expect(table.worker(of: session(2)) == two)
    }

    @Test func `those whose worker ended need a seat at another`() {
        var table = SessionTable(one, two) { $0.seatsPerWorker = 1 }
        for number in 1...2 as ClosedRange<UInt64> { _ = table.place(session(number), at: at(0)) }
        #expect((1...2).map { table.admits(session($0)) } == [true, true])
        table.remove(one, at: at(1))
        #expect(table.place(session(1), at: at(2)) == two)
        #expect(table.admits(session(1)) == false)
        table.add(three)
        #expect(table.admits(session(1)) == true)
        #expect(table.worker(of: session(1)) == three)
    }

    @Test func `while there is no worker nobody is turned away`() {
        var table = SessionTable() { $0.seatsPerWorker = 1 }
        #expect(table.admits(session(1)) == true)
    }
}
