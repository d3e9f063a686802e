import Testing
import WorkerLink

@Suite struct StreamWindowTests {
    @Test func `a window that is overdrawn and granted again, over and over, never becomes smaller`() throws {
        var sender = SendWindow()
        var receiver = ReceiveWindow()
        for _ in 0..<100_000 {
            var frames = 0
            while sender.isOpen {
                sender.sent(LinkGeometry.loopChunkBytes)
                try receiver.received(LinkGeometry.loopChunkBytes)
                frames += 1
            }
            #expect(frames == 4)
            let granted = receiver.tookAll()
            sender.granted(try #require(granted))
        }
        #expect(sender.available == SendWindow.byteCount)
    }

    @Test func `who sends without credit is found out`() throws {
        var receiver = ReceiveWindow()
        for _ in 0..<4 { try receiver.received(LinkGeometry.loopChunkBytes) }
        let violation = #expect(throws: LinkViolation.self) { try receiver.received(1) }
        #expect(violation == .creditExceeded)
    }

    @Test func `small frames cost their headers too`() {
        var sender = SendWindow()
        sender.sent(0)
        #expect(sender.available == SendWindow.byteCount - FrameHeader.byteCount)
    }

    @Test func `a grant that makes no sense opens the window no further than it was`() {
        var sender = SendWindow()
        sender.granted(.max)
        sender.granted(-1)
        #expect(sender.available == SendWindow.byteCount)
    }

    @Test(arguments: [0, 1, 4711, StreamID.greatestIndex], [false, true])
    func `a stream's name says where it is kept`(index: Int, isSocket: Bool) {
        let id = StreamID(number: 1 << 40, index: index, isSocket: isSocket)
        #expect(StreamID(raw: id.raw).index == index)
        #expect(StreamID(raw: id.raw).isSocket == isSocket)
        #expect(id != StreamID(number: 1 << 40 + 1, index: index, isSocket: isSocket))
    }
}
