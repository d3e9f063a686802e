import Glibc
import Testing

@testable import Service

@Suite("Signals")
struct SignalMeaningTests {
    private func meaning(_ number: Int32, lost: Bool = false, nohup: Bool = false) -> SignalMeaning {
        SignalMeaning(number, hasLostTerminal: lost, outlivesTerminal: nohup)
    }

    @Test(
        "what asks for an end, for a reload and for new log files",
        arguments: [
            (SIGTERM, SignalMeaning.end), (SIGINT, .end), (SIGQUIT, .end), (SIGHUP, .reload), (SIGUSR1, .reopenLogs),
        ]
    )
    func meant(number: Int32, meaning wanted: SignalMeaning) {
        #expect(meaning(number) == wanted)
        #expect(SignalMeaning.expected.contains(number))
    }

    @Test("every other signal that is waited for is passed over")
    func passedOver() {
        let meant = [SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1]
        for number in SignalMeaning.expected where !meant.contains(number) {
            #expect(meaning(number) == .passedOver)
        }
    }

    @Test("a terminal that closed ends the server, but not one that nohup started")
    func terminal() {
        #expect(meaning(SIGHUP, lost: true) == .end)
        #expect(meaning(SIGHUP, lost: true, nohup: true) == .passedOver)
        #expect(meaning(SIGHUP, nohup: true) == .reload)
        #expect(meaning(SIGUSR1, lost: true) == .reopenLogs)
    }
}
