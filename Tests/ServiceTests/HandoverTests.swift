import Testing

@testable import Service

@Suite struct HandoverTests {
    @Test func `the old process drains only when the new one accepts`() {
        var handover = Handover()
        #expect(handover.asked() == .start)
        #expect(handover.started(pid: 7) == .nothing)
        #expect(handover.isReady() == .handOver(pid: 7))
        #expect(handover.hasTaken() == .drain(pid: 7))
        #expect(handover.state == .over(pid: 7))
    }

    @Test func `a process that cannot be started leaves the old one alone`() {
        var handover = Handover()
        _ = handover.asked()
        #expect(handover.failed("no such file") == .goOn(reason: "no such file", ending: nil, reclaims: false))
        #expect(handover.state == .alone)
        #expect(handover.asked() == .start)
    }

    @Test func `a process that fails before it is told to take over is ended, and nothing was given away`() {
        var handover = Handover()
        _ = handover.asked()
        _ = handover.started(pid: 7)
        #expect(handover.failed("no app") == .goOn(reason: "no app", ending: 7, reclaims: false))
        #expect(handover.state == .alone)
    }

    @Test func `a process that fails while it takes over gives the name of the server back`() {
        var handover = Handover()
        _ = handover.asked()
        _ = handover.started(pid: 7)
        _ = handover.isReady()
        #expect(handover.failed("died") == .goOn(reason: "died", ending: 7, reclaims: true))
        #expect(handover.asked() == .start)
    }

    @Test func `there is one upgrade at a time, and none of a server that has gone`() {
        var handover = Handover()
        _ = handover.asked()
        for step in 0..<4 {
            guard case .refuse = handover.asked() else {
                Issue.record("asked twice at step \(step): \(handover.state)")
                return
            }
            switch step {
            case 0: _ = handover.started(pid: 7)
            case 1: _ = handover.isReady()
            default: _ = handover.hasTaken()
            }
        }
    }

    @Test func `a server that is told to stop ends the process that was to replace it`() {
        var handover = Handover()
        _ = handover.asked()
        _ = handover.started(pid: 7)
        #expect(handover.stopping() == .goOn(reason: "the server drains", ending: 7, reclaims: false))
        #expect(handover.isReady() == .nothing)
        #expect(handover.asked() == .refuse(reason: "the server drains"))
    }

    @Test func `a process that starts when the server drains already is ended`() {
        var handover = Handover()
        _ = handover.asked()
        #expect(handover.stopping() == .nothing)
        #expect(handover.started(pid: 7) == .goOn(reason: "the server drains", ending: 7, reclaims: false))
    }

    @Test func `what comes late or twice changes nothing`() {
        var handover = Handover()
        #expect(handover.isReady() == .nothing)
        #expect(handover.hasTaken() == .nothing)
        #expect(handover.failed("?") == .nothing)
        _ = handover.asked()
        _ = handover.started(pid: 7)
        _ = handover.isReady()
        _ = handover.hasTaken()
        #expect(handover.failed("died later") == .nothing)
        #expect(handover.stopping() == .nothing)
        #expect(handover.state == .over(pid: 7))
    }
}

@Suite struct HandoverMessageTests {
    @Test(arguments: [
        HandoverMessage.offer(pid: 12, descriptorLimit: 1024), .listener(address: "unix:/a b/c.sock", isKept: true),
        .listener(address: "[::1]:80", isKept: false), .complete, .ready, .failed("a\nb  c"), .failed(""), .go, .taken,
    ])
    func `every message is read as it was written`(message: HandoverMessage) {
        #expect(HandoverMessage(message.text) == message)
    }

    @Test(arguments: ["", "offer", "offer x 1", "offer 1", "listener own", "going", "go on"])
    func `what is not known is no message`(text: String) {
        #expect(HandoverMessage(text) == nil)
    }

    @Test func `a message carries a descriptor, and what is not known is passed over`() throws {
        let (near, far) = try HandoverChannel.makePair()
        #expect(near.send(.listener(address: ":80", isKept: false), with: 0))
        guard case .message(.listener(":80", false), let descriptor?) = far.receive(within: .seconds(10)) else {
            Issue.record("no descriptor came")
            return
        }
        #expect(descriptor > 2)
        #expect(near.receive(within: .zero) == .timedOut)
    }
}
