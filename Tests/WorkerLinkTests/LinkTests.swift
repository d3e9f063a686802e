import Testing
import WorkerLink

@Suite struct LinkTests {
    @Test func `a frame sent by the front is what the worker reads`() throws {
        let region = try LinkRegion(creating: LinkGeometry(lanes: 2))
        let front = FrontLink(region: region)
        var worker = WorkerLane(region: region, lane: 1, doorbell: -1)
        let sent = front.lanes[1].send(.request, stream: 7, count: 5) { $0.copyBytes(from: [1, 2, 3, 4, 5]) }
        #expect(sent)
        let frame = try #require(try worker.peek())
        #expect(frame.header == FrameHeader(length: 5, kind: FrameKind.request.rawValue, flags: 0, stream: 7))
        #expect(Array(frame.payload) == [1, 2, 3, 4, 5])
        worker.consume(frame.header)
        #expect(try worker.peek() == nil)
    }
}
