import Testing

@testable import WorkerLink

/// What a lane of a worker may say, and when.
@Suite struct LaneConversationTests {
    /// What came of a frame, without pointers into it.
    private enum Heard: Equatable {
        case began(isWhole: Bool)
        case continued([UInt8])
        case file(offset: Int, count: Int)
        case ended
        case aborted([UInt8])
        case log(level: UInt8, text: [UInt8], isOfRequest: Bool)
        case violation(LinkViolation)
    }

    private func hear(
        _ conversation: inout LaneConversation,
        _ kind: UInt8,
        flags: UInt8 = 0,
        stream: UInt64 = 5,
        _ payload: [UInt8] = []
    ) -> Heard {
        payload.withUnsafeBytes { bytes in
            do throws(LinkViolation) {
                let header = FrameHeader(length: UInt32(payload.count), kind: kind, flags: flags, stream: stream)
                return switch try conversation.accept(header, bytes) {
                case .began(_, let isWhole): .began(isWhole: isWhole)
                case .continued(let bytes): .continued(Array(bytes))
                case .file(let offset, let count): .file(offset: offset, count: count)
                case .ended: .ended
                case .aborted(let reason): .aborted(Array(reason))
                case .log(let level, let text, let isOfRequest):
                    .log(level: level, text: Array(text), isOfRequest: isOfRequest)
                }
            } catch {
                return .violation(error)
            }
        }
    }

    private func hear(
        _ conversation: inout LaneConversation,
        _ kind: FrameKind,
        flags: UInt8 = 0,
        stream: UInt64 = 5,
        _ payload: [UInt8] = []
    ) -> Heard {
        hear(&conversation, kind.rawValue, flags: flags, stream: stream, payload)
    }

    private var running: LaneConversation {
        var conversation = LaneConversation()
        conversation.begin(5)
        return conversation
    }

    private var answering: LaneConversation {
        var conversation = running
        _ = hear(&conversation, .response, responsePayload())
        return conversation
    }

    @Test func `a whole response makes the lane idle`() {
        var lane = running
        #expect(!lane.isIdle && lane.stream == 5)
        #expect(hear(&lane, .response, flags: FrameHeader.isWhole, responsePayload()) == .began(isWhole: true))
        #expect(lane.isIdle && lane.stream == 0)
    }

    @Test func `a head is followed by chunks and an end`() {
        var lane = running
        #expect(hear(&lane, .response, responsePayload()) == .began(isWhole: false))
        #expect(hear(&lane, .chunk, [1]) == .continued([1]))
        #expect(hear(&lane, .chunk, []) == .continued([]))
        #expect(hear(&lane, .chunk, [2]) == .continued([2]))
        #expect(!lane.isIdle)
        #expect(hear(&lane, .end) == .ended)
        #expect(lane.isIdle)
    }

    @Test func `a file is the rest of the body and ends the response`() {
        var lane = answering
        #expect(hear(&lane, .file, filePayload(offset: 3, count: 4)) == .file(offset: 3, count: 4))
        #expect(lane.isIdle)
    }

    @Test func `an abort ends the request before its head and after it`() {
        for var lane in [running, answering] {
            #expect(hear(&lane, .abort, [65]) == .aborted([65]))
            #expect(lane.isIdle)
        }
    }

    @Test func `an idle lane may only log, and may begin again`() {
        var lane = answering
        #expect(hear(&lane, .end) == .ended)
        #expect(hear(&lane, .log, [3, 65]) == .log(level: 3, text: [65], isOfRequest: false))
        for kind in [FrameKind.response, .chunk, .end, .abort, .file] {
            #expect(hear(&lane, kind, responsePayload()) == .violation(.unexpectedFrame))
            #expect(hear(&lane, kind, stream: 0, responsePayload()) == .violation(.unexpectedFrame))
        }
        lane.begin(6)
        #expect(hear(&lane, .abort, stream: 6) == .aborted([]))
    }

    @Test func `a line for the log belongs to the request that runs, if it says so`() {
        var lane = running
        #expect(hear(&lane, .log, [1]) == .log(level: 1, text: [], isOfRequest: true))
        #expect(hear(&lane, .log, stream: 0, [1]) == .log(level: 1, text: [], isOfRequest: false))
        #expect(hear(&lane, .log, stream: 4, [1]) == .log(level: 1, text: [], isOfRequest: false))
        #expect(hear(&lane, .log, []) == .violation(.malformedPayload))
    }

    @Test func `nothing of a body comes before the head`() {
        for kind in [FrameKind.chunk, .end, .file] {
            var lane = running
            #expect(hear(&lane, kind, filePayload(offset: 0, count: 1)) == .violation(.unexpectedFrame))
        }
    }

    @Test func `there is one head for each request`() {
        var lane = answering
        #expect(hear(&lane, .response, responsePayload()) == .violation(.unexpectedFrame))
    }

    @Test func `a frame of another request is out of place`() {
        for var lane in [running, answering] {
            for kind in [FrameKind.response, .chunk, .end, .abort, .file] {
                #expect(hear(&lane, kind, stream: 4, responsePayload()) == .violation(.unexpectedFrame))
            }
        }
    }

    @Test func `a kind that is the front's, or nobody's, is unknown`() {
        let known: Set<UInt8> = [16, 17, 18, 19, 20, 21]
        for kind in UInt8.min ... .max where !known.contains(kind) {
            for var lane in [running, answering] {
                #expect(hear(&lane, kind, responsePayload()) == .violation(.unknownKind))
            }
        }
    }

    @Test func `a head or a file of the wrong form is malformed`() {
        var first = running
        #expect(hear(&first, .response, [1, 2, 3]) == .violation(.malformedPayload))
        var second = answering
        #expect(hear(&second, .file, [1, 2, 3]) == .violation(.malformedPayload))
    }

    @Test func `a request that could not be sent leaves the lane idle`() {
        var lane = running
        lane.cancel()
        #expect(lane.isIdle)
        lane.begin(6)
        #expect(lane.stream == 6)
    }
}
