import Testing
import WebSocketCodec

/// A conversation that can be changed within an expectation.
@dynamicMemberLookup
private final class Talk {
    typealias Reaction = WebSocketConversation.Reaction
    private var value: WebSocketConversation

    init(_ timing: WebSocketConversation.Timing = .init(), at now: Duration = .seconds(100)) {
        value = WebSocketConversation(timing: timing, at: now)
    }

    subscript<Value>(dynamicMember path: KeyPath<WebSocketConversation, Value>) -> Value { value[keyPath: path] }

    func heard() { value.heard() }
    func pinged(_ payload: [UInt8]) -> Reaction { value.pinged(payload) }
    func clientClosed(_ message: CloseMessage) -> Reaction { value.clientClosed(message) }
    func violated(_ violation: WebSocketViolation) -> Reaction { value.violated(violation) }
    func lost() -> Reaction { value.lost() }
    func appClosed(_ message: CloseMessage, at now: Duration) -> Reaction { value.appClosed(message, at: now) }
    func appEnded(at now: Duration) -> Reaction { value.appEnded(at: now) }
    func workerLost(at now: Duration) -> Reaction { value.workerLost(at: now) }
    func dismiss(_ message: CloseMessage, at now: Duration) -> Reaction { value.dismiss(message, at: now) }
    func tick(at now: Duration, couldAnswer: Bool) -> Reaction { value.tick(at: now, couldAnswer: couldAnswer) }
}

@Suite struct WebSocketConversationTests {
    private let conversation = Talk()

    private func closeFrame(_ code: CloseCode, _ reason: String = "") -> [UInt8] {
        FrameWriter.control(.close, CloseMessage(code, reason).payload)
    }

    // MARK: The client closes

    @Test func `a close is answered with its code, told to the app, and ends the connection`() {
        let reaction = conversation.clientClosed(CloseMessage(.goingAway, "bye"))
        #expect(reaction.frame == closeFrame(.goingAway))
        #expect(reaction.toApp == CloseMessage(.goingAway, "bye"))
        #expect(reaction.end == .afterWriting && conversation.isClosed && conversation.code == .goingAway)
    }

    @Test func `a close without a code is answered without one`() {
        let reaction = conversation.clientClosed(CloseMessage(.noneReceived))
        #expect(reaction.frame == [0x88, 0] && reaction.toApp?.code == .noneReceived)
    }

    @Test func `a client that vanishes is told to the app as 1006`() {
        let reaction = conversation.lost()
        #expect(reaction.frame == nil && reaction.toApp == CloseMessage(.lost) && reaction.end == .atOnce)
        #expect(conversation.lost() == .none)
    }

    @Test(arguments: WebSocketViolation.allCases)
    func `a violation is told to both sides`(_ violation: WebSocketViolation) {
        let reaction = conversation.violated(violation)
        let message = CloseMessage(violation.closeCode, violation.message)
        #expect(reaction.frame == FrameWriter.control(.close, message.payload))
        #expect(reaction.toApp == message && reaction.end == .afterWriting)
        #expect([1002, 1007, 1008, 1009].contains(violation.closeCode.rawValue))
    }

    // MARK: The app closes

    @Test func `the app's close waits for the client's answer`() {
        let reaction = conversation.appClosed(CloseMessage(.normal, "done"), at: .seconds(101))
        #expect(reaction.frame == closeFrame(.normal, "done") && reaction.toApp == nil && reaction.end == .none)
        #expect(!conversation.isOpen && !conversation.isClosed)
        let answer = conversation.clientClosed(CloseMessage(.normal))
        #expect(answer.frame == nil && answer.toApp == nil && answer.end == .afterWriting)
        #expect(conversation.code == .normal)
    }

    @Test func `a client that does not answer a close is left after ten seconds`() {
        _ = conversation.appClosed(CloseMessage(.normal), at: .seconds(101))
        #expect(conversation.tick(at: .seconds(110), couldAnswer: true) == .none)
        let late = conversation.tick(at: .seconds(111), couldAnswer: true)
        #expect(late.end == .atOnce && late.frame == nil && late.toApp == nil && conversation.isClosed)
    }

    @Test func `an app that closes with no code sends none`() {
        #expect(conversation.appClosed(CloseMessage(.noneReceived), at: .seconds(101)).frame == [0x88, 0])
    }

    @Test func `a code that may not be sent becomes 1011`() {
        let reaction = conversation.appClosed(CloseMessage(CloseCode(rawValue: 99)), at: .seconds(101))
        #expect(reaction.frame?.prefix(4).suffix(2) == [0x03, 0xF3] && conversation.code == .internalError)
    }

    @Test func `only the first close counts`() {
        _ = conversation.appClosed(CloseMessage(.normal), at: .seconds(101))
        #expect(conversation.dismiss(CloseMessage(.restart), at: .seconds(102)) == .none)
        #expect(conversation.workerLost(at: .seconds(102)) == .none)
        #expect(conversation.appEnded(at: .seconds(102)) == .none)
        #expect(conversation.code == .normal)
    }

    @Test func `after our close a violation ends it without a word`() {
        _ = conversation.appClosed(CloseMessage(.normal), at: .seconds(101))
        let reaction = conversation.violated(.badText)
        #expect(reaction.frame == nil && reaction.toApp == nil && reaction.end == .afterWriting)
    }

    // MARK: The worker and the server

    @Test func `a worker that ends closes with 1012, and is told nothing`() {
        let reaction = conversation.workerLost(at: .seconds(101))
        #expect(reaction.frame?.prefix(4).suffix(2) == [0x03, 0xF4] && reaction.toApp == nil && reaction.end == .none)
    }

    @Test func `an app that returns without a close closes with 1011`() {
        #expect(conversation.appEnded(at: .seconds(101)).frame == closeFrame(.internalError))
    }

    @Test func `a drain is told to both sides, once`() {
        let reaction = conversation.dismiss(CloseMessage(.goingAway, "the server stops"), at: .seconds(101))
        #expect(reaction.frame == closeFrame(.goingAway, "the server stops"))
        #expect(reaction.toApp == CloseMessage(.goingAway, "the server stops") && reaction.end == .none)
        let after = conversation.lost()
        #expect(after.frame == nil && after.toApp == nil && after.end == .atOnce)
    }

    // MARK: Pings

    @Test func `a ping is answered with its payload`() {
        #expect(conversation.pinged([1, 2]).frame == [0x8A, 2, 1, 2])
    }

    @Test func `a ping after our close is not answered`() {
        _ = conversation.appClosed(CloseMessage(.normal), at: .seconds(101))
        #expect(conversation.pinged([1]) == .none)
    }

    @Test func `the client is pinged every thirty seconds as long as it is heard`() {
        for second in 1...29 { #expect(conversation.tick(at: .seconds(100 + second), couldAnswer: true) == .none) }
        for round in 1...5 {
            let time = Duration.seconds(100 + 30 * round)
            #expect(conversation.tick(at: time, couldAnswer: true).frame == [0x89, 0])
            conversation.heard()
            #expect(conversation.tick(at: time + .seconds(1), couldAnswer: true) == .none)
        }
        #expect(conversation.isOpen)
    }

    @Test func `a client that is silent after a ping is taken to be gone`() {
        _ = conversation.tick(at: .seconds(130), couldAnswer: true)
        #expect(conversation.tick(at: .seconds(159), couldAnswer: true) == .none)
        let reaction = conversation.tick(at: .seconds(160), couldAnswer: true)
        #expect(reaction.toApp == CloseMessage(.lost) && reaction.end == .afterWriting && conversation.isClosed)
        #expect(reaction.frame == closeFrame(.internalError, "keepalive ping timeout"))
    }

    @Test func `a second ping before the first one's time is up does not put that off`() {
        let conversation = Talk(.init(pingInterval: .seconds(5), pingTimeout: .seconds(12)), at: .zero)
        #expect(conversation.tick(at: .seconds(5), couldAnswer: true).frame != nil)
        #expect(conversation.tick(at: .seconds(10), couldAnswer: true).frame != nil)
        #expect(conversation.tick(at: .seconds(15), couldAnswer: true).frame != nil)
        #expect(conversation.tick(at: .seconds(17), couldAnswer: true).end == .afterWriting)
    }

    @Test func `silence says nothing while the client is not read from`() {
        _ = conversation.tick(at: .seconds(130), couldAnswer: true)
        for second in 131...300 { #expect(conversation.tick(at: .seconds(second), couldAnswer: false).end == .none) }
        #expect(conversation.tick(at: .seconds(301), couldAnswer: true).end == .none)
        #expect(conversation.tick(at: .seconds(331), couldAnswer: true).end == .afterWriting)
    }

    @Test func `without an interval nobody is pinged`() {
        let conversation = Talk(.init(pingInterval: .zero), at: .zero)
        #expect(conversation.tick(at: .seconds(1_000_000), couldAnswer: true) == .none)
    }

    @Test func `without a timeout nobody is given up`() {
        let conversation = Talk(.init(pingTimeout: .zero), at: .zero)
        for minute in 1...100 {
            #expect(conversation.tick(at: .seconds(60 * minute), couldAnswer: true).frame == [0x89, 0])
        }
    }
}
