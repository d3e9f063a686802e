import Testing
import WorkerLink

@testable import Front

/// What one stream may have under way, and what it owes.
@Suite struct StreamFlowTests {
    @Test func `nothing is owed before anything has happened`() {
        #expect(!StreamFlow().owes)
    }

    @Test func `a client that takes all is given credit for it and as much again, in portions worth a frame`() throws {
        var flow = StreamFlow()
        try flow.received(32 << 10)
        flow.took(allBut: 0)
        #expect(!flow.owes)
        try flow.received(32 << 10)
        flow.took(allBut: 0)
        #expect(flow.credit == 2 * FrameHeader.footprint(32 << 10) + SendWindow.initial)
        flow.credited()
        #expect(!flow.owes)
    }

    @Test(arguments: [(false, StreamFlow.responseBytes), (true, SendWindow.greatest)])
    func `more may be under way of messages than of an answer`(ofMessages: Bool, bytes: Int) throws {
        var flow = StreamFlow()
        if ofMessages { flow.letGrow() }
        for _ in 0..<4 {
            try flow.received(64 << 10)
            flow.took(allBut: 0)
        }
        #expect(flow.credit == 4 * FrameHeader.footprint(64 << 10) + bytes - SendWindow.initial)
    }

    @Test func `an app that sends without credit breaks the protocol`() throws {
        var flow = StreamFlow()
        for _ in 0..<4 { try flow.received(64 << 10) }
        #expect(throws: LinkViolation.creditExceeded) { try flow.received(1) }
    }

    @Test func `what a slow client has taken so far is credited`() throws {
        var flow = StreamFlow()
        for _ in 0..<4 { try flow.received(64 << 10) }
        let all = 4 * FrameHeader.footprint(64 << 10)
        flow.took(allBut: 200 << 10)
        #expect(flow.credit == 0)
        flow.took(allBut: 100 << 10)
        #expect(flow.credit == all - 100 << 10)
        flow.took(allBut: 100 << 10)
        #expect(flow.credit == all - 100 << 10)
        flow.took(allBut: 1)
        #expect(flow.credit == all - 1)
    }

    @Test func `a client that leaves is told of once, also after it has closed its side`() {
        var flow = StreamFlow()
        flow.left(.halfClosed)
        #expect(flow.departure == .halfClosed)
        flow.told()
        flow.left(.halfClosed)
        #expect(!flow.owes)
        flow.left(.gone)
        #expect(flow.departure == .gone)
        flow.told()
        flow.left(.gone)
        flow.left(.halfClosed)
        #expect(!flow.owes)
    }

    @Test func `only a client that may still read is told of with a flag`() {
        #expect(StreamFlow.Departure.halfClosed.flags == FrameHeader.isHalfClosed)
        #expect(StreamFlow.Departure.gone.flags == 0)
    }
}
