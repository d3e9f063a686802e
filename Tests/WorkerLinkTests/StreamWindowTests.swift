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
            sender.granted(try #require(receiver.tookAll()))
        }
        #expect(sender.available == SendWindow.byteCount)
    }
}
