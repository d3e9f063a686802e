import Testing
import WorkerLink

@Suite struct StreamWindowTests {
    private let piece = 64 << 10

    /// Sends until the window closes.
    ///
    /// - Returns: How many pieces went out.
    private func fill(_ sender: inout SendWindow, _ receiver: inout ReceiveWindow) throws -> Int {
        var count = 0
        while sender.isOpen {
            sender.sent(piece)
            try receiver.received(piece)
            count += 1
        }
        return count
    }

    @Test func `a window that is overdrawn and granted again, over and over, grows to a limit and stays there`() throws
    {
        var sender = SendWindow()
        var receiver = ReceiveWindow()
        for round in 0..<100_000 {
            let count = try fill(&sender, &receiver)
            #expect(count == [4, 8, 16][min(round, 2)])
            let granted = receiver.took(allBut: 0)
            sender.granted(try #require(granted))
        }
        #expect(sender.available == SendWindow.greatest)
    }

    @Test func `a window shrinks to what it was when its receiver is behind`() throws {
        var sender = SendWindow()
        var receiver = ReceiveWindow()
        for _ in 0..<3 {
            _ = try fill(&sender, &receiver)
            sender.granted(receiver.took(allBut: 0) ?? 0)
        }
        _ = try fill(&sender, &receiver)
        let footprint = FrameHeader.footprint(piece)
        let grants = (0..<14).map { _ in receiver.took(footprint) ?? 0 }
        // What it had grown by is kept back first.
        #expect(grants.prefix(11).allSatisfy { $0 == 0 })
        #expect(grants.reduce(0, +) == 14 * footprint - (SendWindow.greatest - SendWindow.initial))
    }

    @Test func `a window that may not grow stays as it is until it may`() throws {
        var sender = SendWindow()
        var receiver = ReceiveWindow(limit: SendWindow.initial)
        var counts: [Int] = []
        for round in 0..<4 {
            if round == 2 { receiver.letGrow() }
            counts.append(try fill(&sender, &receiver))
            sender.granted(receiver.took(allBut: 0) ?? 0)
        }
        #expect(counts == [4, 4, 4, 8])
    }

    @Test func `who sends without credit is found out`() throws {
        var receiver = ReceiveWindow()
        for _ in 0..<4 { try receiver.received(piece) }
        let violation = #expect(throws: LinkViolation.self) { try receiver.received(1) }
        #expect(violation == .creditExceeded)
    }

    @Test func `small frames cost their headers too`() {
        var sender = SendWindow()
        sender.sent(0)
        #expect(sender.available == SendWindow.initial - FrameHeader.byteCount)
    }

    @Test func `a grant that makes no sense opens the window no further than it may be`() {
        var sender = SendWindow()
        sender.granted(-1)
        #expect(sender.available == SendWindow.initial)
        sender.granted(.max)
        #expect(sender.available == SendWindow.greatest)
    }

    @Test(arguments: [0, 1, 4711, StreamID.greatestIndex], [false, true])
    func `a stream's name says where it is kept`(index: Int, isSocket: Bool) {
        let id = StreamID(number: 1 << 40, index: index, isSocket: isSocket)
        #expect(StreamID(raw: id.raw).index == index)
        #expect(StreamID(raw: id.raw).isSocket == isSocket)
        #expect(id != StreamID(number: 1 << 40 + 1, index: index, isSocket: isSocket))
    }
}
