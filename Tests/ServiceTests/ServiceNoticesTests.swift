import Testing

@testable import Service

@Suite struct ServiceNoticesTests {
    private let starting = ServiceNotices.Reading(readyWorkers: 0, processes: 2, queueDepth: 0)
    private let serving = ServiceNotices.Reading(readyWorkers: 2, processes: 2, queueDepth: 0)

    @Test func `readiness is said when a worker is ready, not before, and once`() {
        var notices = ServiceNotices(hasWatchdog: false)
        #expect(notices.message(for: starting) == "STATUS=starting, 0 of 2 workers, queue 0")
        #expect(notices.message(for: starting) == nil)
        #expect(notices.message(for: serving) == "READY=1\nSTATUS=2 of 2 workers, queue 0")
        #expect(notices.message(for: serving) == nil)
    }

    @Test func `a reload is said with its time, and readiness again after it`() {
        var notices = ServiceNotices(hasWatchdog: false)
        _ = notices.message(for: serving)
        #expect(notices.reloading(at: 42) == "RELOADING=1\nMONOTONIC_USEC=42")
        #expect(notices.reloading(at: 43) == nil)
        #expect(notices.message(for: serving) == "STATUS=reloading, 2 of 2 workers, queue 0")
        #expect(notices.reloaded() == "READY=1")
        #expect(notices.reloaded() == nil)
        #expect(notices.message(for: serving) == "STATUS=2 of 2 workers, queue 0")
    }

    @Test func `a reload of a server that is not ready, drains or was replaced is not said`() {
        var notices = ServiceNotices(hasWatchdog: false)
        #expect(notices.reloading(at: 1) == nil)
        _ = notices.message(for: serving)
        _ = notices.stopping(within: .seconds(1))
        #expect(notices.reloading(at: 2) == nil)
        #expect(notices.reloaded() == nil)
    }

    @Test func `a sign of life is given every time where one is wanted`() {
        var notices = ServiceNotices(hasWatchdog: true)
        _ = notices.message(for: serving)
        #expect(notices.message(for: serving) == "WATCHDOG=1")
        #expect(notices.message(for: serving) == "WATCHDOG=1")
    }

    @Test func `draining asks for the time that it may take`() {
        var notices = ServiceNotices(hasWatchdog: false)
        _ = notices.message(for: serving)
        #expect(notices.stopping(within: .milliseconds(1500)) == "STOPPING=1\nEXTEND_TIMEOUT_USEC=1500000")
        #expect(notices.message(for: serving) == "STATUS=draining, 2 of 2 workers, queue 0")
    }

    @Test func `a server that was replaced says nothing more`() {
        var notices = ServiceNotices(hasWatchdog: true)
        _ = notices.message(for: serving)
        #expect(notices.handOver(to: 99) == "MAINPID=99")
        #expect(notices.message(for: serving) == nil)
        #expect(notices.stopping(within: .seconds(1)) == nil)
    }

    @Test func `a server whose replacement died is the service again`() {
        var notices = ServiceNotices(hasWatchdog: true)
        _ = notices.message(for: serving)
        _ = notices.handOver(to: 99)
        #expect(notices.takeBack(by: 12) == "MAINPID=12")
        #expect(notices.message(for: serving) == "STATUS=2 of 2 workers, queue 0\nWATCHDOG=1")
    }

    @Test func `what was lost is said again`() {
        var notices = ServiceNotices(hasWatchdog: false)
        let said = notices.message(for: serving)
        notices.wasLost()
        #expect(notices.message(for: serving) == said)
    }
}

@Suite struct ServiceVariablesTests {
    @Test func `sockets are taken only by the process that they are meant for`() throws {
        let given = ["LISTEN_FDS": "2", "LISTEN_PID": "41"]
        #expect(try ServiceVariables(environment: given, pid: 41).listening == 3..<5)
        #expect(try ServiceVariables(environment: given, pid: 42).listening.isEmpty)
        #expect(try ServiceVariables(environment: ["LISTEN_FDS": "2"], pid: 42).listening.isEmpty)
    }

    @Test(arguments: ["-1", "many", "9999999", ""])
    func `a count that nobody should have set is an error that shows it`(count: String) {
        #expect(throws: ServiceError.self) {
            try ServiceVariables(environment: ["LISTEN_FDS": count, "LISTEN_PID": "1"], pid: 1)
        }
    }

    @Test func `the watchdog is for this process unless it is addressed to another`() throws {
        let whole = try ServiceVariables(environment: ["WATCHDOG_USEC": "3000000"], pid: 5)
        #expect(whole.watchdog == .seconds(3))
        let ours = try ServiceVariables(environment: ["WATCHDOG_USEC": "1", "WATCHDOG_PID": "5"], pid: 5)
        #expect(ours.watchdog == .microseconds(1))
        let others = try ServiceVariables(environment: ["WATCHDOG_USEC": "1", "WATCHDOG_PID": "6"], pid: 5)
        #expect(others.watchdog == nil)
    }
}
