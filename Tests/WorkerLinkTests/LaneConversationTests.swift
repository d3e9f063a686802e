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
        case granted(Int)
        case extended(until: UInt64)
        case markedIdempotent
        case opened
        case message([UInt8], isText: Bool, continues: Bool)
        case closed(CloseEnvelope)
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
                case .granted(let count): .granted(count)
                case .extended(let until): .extended(until: until)
                case .markedIdempotent: .markedIdempotent
                case .opened: .opened
                case .message(let bytes, let isText, let continues):
                    .message(Array(bytes), isText: isText, continues: continues)
                case .closed(let close): .closed(close)
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

    /// A WebSocket that the app has accepted.
    private var open: LaneConversation {
        var conversation = LaneConversation()
        conversation.begin(5, isSocket: true)
        _ = hear(&conversation, .response, acceptance)
        return conversation
    }

    /// The head of an answer with the status 101.
    private var acceptance: [UInt8] {
        var payload = [UInt8](repeating: 0, count: ResponseEnvelope.fixedBytes + 8)
        payload.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: 8, as: UInt32.self)
            bytes.storeBytes(of: 101, toByteOffset: ResponseEnvelope.fixedBytes, as: UInt16.self)
        }
        return payload
    }

    @Test func `a WebSocket is opened by a 101, and only one that was asked for`() {
        var socket = LaneConversation()
        socket.begin(5, isSocket: true)
        #expect(hear(&socket, .response, acceptance) == .opened)
        var request = running
        #expect(hear(&request, .response, acceptance) == .began(isWhole: false))
    }

    @Test func `an app may refuse a WebSocket with an ordinary answer`() {
        var socket = LaneConversation()
        socket.begin(5, isSocket: true)
        #expect(hear(&socket, .response, flags: FrameHeader.isWhole, responsePayload()) == .began(isWhole: true))
        #expect(socket.isIdle)
    }

    @Test func `messages come between the acceptance and the app's close, and an end after it`() {
        var socket = open
        let flags = FrameHeader.isText | FrameHeader.continues
        #expect(hear(&socket, .appMessage, flags: flags, [65]) == .message([65], isText: true, continues: true))
        #expect(hear(&socket, .appMessage, [1]) == .message([1], isText: false, continues: false))
        #expect(hear(&socket, .appClose, [0xE8, 0x03, 65]) == .closed(CloseEnvelope(code: 1000, reason: [65])))
        #expect(hear(&socket, .end) == .ended)
        #expect(socket.isIdle)
    }

    @Test func `an app that has closed its WebSocket sends no message`() {
        var socket = open
        #expect(hear(&socket, .appClose, [0xE8, 0x03]) == .closed(CloseEnvelope(code: 1000)))
        #expect(hear(&socket, .appMessage, [1]) == .violation(.unexpectedFrame))
    }

    @Test func `what belongs to a WebSocket is out of place in a request`() {
        for kind in [FrameKind.appMessage, .appClose] {
            for var lane in [running, answering] {
                #expect(hear(&lane, kind, [0xE8, 0x03]) == .violation(.unexpectedFrame))
            }
        }
        var socket = open
        #expect(hear(&socket, .chunk, [1]) == .violation(.unexpectedFrame))
    }

    @Test func `a close and a grant have their forms`() {
        var socket = open
        #expect(hear(&socket, .appClose, [1]) == .violation(.malformedPayload))
        #expect(hear(&socket, .appClose, Array(repeating: 65, count: 126)) == .violation(.malformedPayload))
        #expect(hear(&socket, .grant, [1, 0, 0]) == .violation(.malformedPayload))
        #expect(hear(&socket, .grant, [1, 1, 0, 0]) == .granted(257))
    }

    @Test func `an app may ask for more time, and say that its request may run twice, for as long as that runs`() {
        for var lane in [running, answering] {
            #expect(hear(&lane, .extend, [1, 1, 0, 0, 0, 0, 0, 0]) == .extended(until: 257))
            #expect(hear(&lane, .extend, [1, 1, 0, 0]) == .violation(.malformedPayload))
            #expect(hear(&lane, .idempotent) == .markedIdempotent)
            _ = hear(&lane, .abort)
            #expect(hear(&lane, .idempotent) == .violation(.unexpectedFrame))
        }
    }

    @Test func `a kind that is the front's, or nobody's, is unknown`() {
        let known: Set<UInt8> = Set(16...26)
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
