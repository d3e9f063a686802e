import Glibc
import Testing

@testable import Workers

@Suite struct TemplateTests {
    private func report(_ text: String) -> TemplateReport? {
        Array(text.utf8).withUnsafeBytes { TemplateReport($0) }
    }

    @Test func `messages of a template are read`() {
        let introduction = WorkerIntroduction(python: "3.11.7", application: "flask.app.Flask", importTime: .seconds(2))
        let loaded = #"{"type":"loaded","python":"3.11.7","app":"flask.app.Flask","import_seconds":2.0,"reason":"#
        #expect(report(loaded + #"""}"#) == .loaded(introduction, unfitBecause: nil))
        #expect(report(loaded + #""threads"}"#) == .loaded(introduction, unfitBecause: "threads"))
        #expect(report(#"{"type":"forked"}"#) == .forked)
        #expect(report(#"{"type":"not_forked","reason":"no memory"}"#) == .notForked(reason: "no memory"))
        guard case .failed(let failure)? = report(#"{"type":"failed","title":"no app"}"#) else {
            Issue.record("it is not read")
            return
        }
        #expect(failure.title == "no app" && failure.code == .notLoaded)
    }

    @Test(arguments: ["", "{}", #"{"type":"ready"}"#, #"{"type":1}"#, #"{"type":"forked""#])
    func `what is none of a template's messages is not read`(text: String) {
        #expect(report(text) == nil)
    }

    @Test func `the kernel tells which process a pidfd is of`() throws {
        let descriptor = OwnedDescriptor(try OwnedDescriptor.makeProcessDescriptor(getpid()))
        #expect(OwnedDescriptor.processID(of: descriptor.raw) == getpid())
    }

    @Test func `a descriptor of another kind is of no process`() {
        let descriptor = OwnedDescriptor(open("/dev/null", O_RDONLY))
        #expect(OwnedDescriptor.processID(of: descriptor.raw) == nil)
        #expect(OwnedDescriptor.processID(of: -1) == nil)
    }
}

@Suite struct OrphanRoundsTests {
    var rounds = OrphanRounds()

    @Test mutating func `an orphan is reaped when it is still there a round later`() {
        #expect(rounds.takes(7, isOurs: false) == false)
        #expect(rounds.interval == .seconds(1))
        #expect(rounds.takes(7, isOurs: false) == true)
        #expect(rounds.interval == .seconds(5))
    }

    @Test mutating func `one that somebody else has reaped meanwhile leaves no trace`() {
        #expect(rounds.takes(7, isOurs: false) == false)
        #expect(rounds.takes(8, isOurs: false) == false)
        #expect(rounds.takes(8, isOurs: false) == true)
    }

    @Test mutating func `workers and templates are left to those who watch them`() {
        for _ in 0..<3 { #expect(rounds.takes(7, isOurs: true) == false) }
    }
}
