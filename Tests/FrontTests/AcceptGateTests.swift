import RequestQueue
import Testing

@testable import Front

@Suite struct AcceptGateTests {
    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: 0) + .milliseconds(milliseconds) }

    @Test func `a gate that is shut stays so until it is opened`() {
        var gate = AcceptGate(limit: 10, isOpen: false)
        #expect(gate.look(count: 0, isShort: false, at: at(0)) == nil)
        #expect(gate.outOfDescriptors(at: at(1)) == nil)
        #expect(!gate.isOpen)
        gate.open()
        #expect(gate.isOpen)
    }

    @Test func `at the limit nothing is accepted until there is some room`() {
        var gate = AcceptGate(limit: 100, isOpen: true)
        #expect(gate.look(count: 99, isShort: false, at: at(0)) == nil)
        #expect(gate.look(count: 100, isShort: false, at: at(1)) == .full)
        #expect(!gate.isOpen)
        #expect(gate.look(count: 98, isShort: false, at: at(2)) == nil)
        #expect(!gate.isOpen)
        _ = gate.look(count: 97, isShort: false, at: at(3))
        #expect(gate.isOpen)
    }

    @Test func `a limit of one connection opens again when that one leaves`() {
        var gate = AcceptGate(limit: 1, isOpen: true)
        _ = gate.look(count: 1, isShort: false, at: at(0))
        _ = gate.look(count: 0, isShort: false, at: at(1))
        #expect(gate.isOpen)
    }

    @Test func `without descriptors it rests, looks again, and says so once`() {
        var gate = AcceptGate(limit: 100, isOpen: true)
        #expect(gate.outOfDescriptors(at: at(0)) == .outOfDescriptors)
        #expect(!gate.isOpen)
        #expect(gate.look(count: 5, isShort: false, at: at(50)) == nil)
        #expect(!gate.isOpen)
        #expect(gate.look(count: 5, isShort: true, at: at(100)) == nil)
        #expect(!gate.isOpen)
        #expect(gate.look(count: 5, isShort: false, at: at(200)) == nil)
        #expect(gate.isOpen)
        #expect(gate.outOfDescriptors(at: at(201)) == nil)
        #expect(!gate.isOpen)
    }

    @Test func `recovery is said when there were enough for a while, and the next shortage is news again`() {
        var gate = AcceptGate(limit: 100, isOpen: true)
        _ = gate.look(count: 5, isShort: true, at: at(0))
        _ = gate.look(count: 4, isShort: false, at: at(100))
        #expect(gate.look(count: 4, isShort: false, at: at(4000)) == nil)
        #expect(gate.look(count: 4, isShort: false, at: at(5001)) == .recovered)
        #expect(gate.look(count: 4, isShort: false, at: at(5002)) == nil)
        #expect(gate.look(count: 5, isShort: true, at: at(6000)) == .outOfDescriptors)
    }

    @Test func `a server that stops accepts no more, whatever becomes of its descriptors`() {
        var gate = AcceptGate(limit: 100, isOpen: true)
        _ = gate.outOfDescriptors(at: at(0))
        gate.shut()
        _ = gate.look(count: 0, isShort: false, at: at(1000))
        #expect(!gate.isOpen)
    }
}

@Suite struct ListenerTextTests {
    @Test(arguments: [
        FrontConfiguration.Listener.tcp(host: "127.0.0.1", port: 8000), .tcp(host: "::1", port: 0),
        .tcp(host: "localhost", port: 80), .unix(path: "/run/a b:c.sock"),
    ])
    func `an address is read as it was written`(listener: FrontConfiguration.Listener) {
        #expect(FrontConfiguration.Listener(listener.description) == listener)
    }

    @Test(arguments: ["", "8000", "host:", "host:many"])
    func `any other text is none`(text: String) {
        #expect(FrontConfiguration.Listener(text) == nil)
    }
}
