import Testing
import WorkerLink

struct TrailerEnvelopeTests {
    private func forbids(_ name: String) -> Bool {
        Array(name.utf8).withUnsafeBytes { TrailerEnvelope.forbids($0) }
    }

    @Test(arguments: [
        "Content-Length", "transfer-encoding", "TRAILER", "set-cookie", "if-match", "If-Anything", "host",
    ])
    func `what frames, routes or authenticates may not come behind a body`(_ name: String) {
        #expect(forbids(name))
    }

    @Test(arguments: ["", "i", "if", "iffy", "etag", "content-lengths", "content", "server-timing", "grpc-status"])
    func `other names may`(_ name: String) {
        #expect(!forbids(name))
    }

    @Test func `only the end of an answer has trailers, and no more than they may be`() throws {
        func end(after kinds: [FrameKind], isSocket: Bool = false, bytes: Int) -> LinkViolation? {
            var conversation = LaneConversation()
            conversation.begin(5, isSocket: isSocket)
            func hear(_ kind: FrameKind, _ payload: [UInt8]) -> LinkViolation? {
                payload.withUnsafeBytes { bytes in
                    let header = FrameHeader(length: UInt32(bytes.count), kind: kind.rawValue, flags: 0, stream: 5)
                    do throws(LinkViolation) {
                        _ = try conversation.accept(header, bytes)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            for kind in kinds {
                var head = [UInt8](repeating: 0, count: ResponseEnvelope.fixedBytes + 8)
                head[0] = 8
                head[ResponseEnvelope.fixedBytes] = 101
                #expect(hear(kind, head) == nil)
            }
            return hear(.end, [UInt8](repeating: 0, count: bytes))
        }
        #expect(end(after: [.response], bytes: 0) == nil)
        #expect(end(after: [.response], bytes: TrailerEnvelope.greatestByteCount) == nil)
        #expect(end(after: [.response], bytes: TrailerEnvelope.greatestByteCount + 1) == .malformedPayload)
        #expect(end(after: [.response], isSocket: true, bytes: 0) == nil)
        #expect(end(after: [.response], isSocket: true, bytes: 1) == .malformedPayload)
    }
}
