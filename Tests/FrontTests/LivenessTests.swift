import RequestQueue
import Testing

@testable import Front

private func seconds(_ count: Double) -> Instant { Instant(nanoseconds: UInt64(count * 1e9)) }

private func process(_ state: Character, cpu milliseconds: UInt64) -> ProcessLook {
    ProcessLook(state: state, cpu: .milliseconds(milliseconds))
}

/// Workers that do not take what they are handed.
@Suite struct WorkerPulseTests {
    private func signs(_ milliseconds: UInt64) -> WorkerPulse.Signs {
        .init(oldestUntaken: .milliseconds(milliseconds), stillUntaken: milliseconds > 0)
    }

    @Test func `a worker that takes its requests is never looked at in the kernel`() {
        var pulse = WorkerPulse()
        for time in 0..<100 {
            let verdict = pulse.look(
                signs(499),
                process: {
                    Issue.record("asked")
                    return nil
                },
                at: seconds(Double(time))
            )
            #expect(verdict == .none)
        }
    }

    @Test func `a stopped worker is held after a second, and comes back when it takes what it has`() {
        var pulse = WorkerPulse()
        let stopped = process("T", cpu: 100)
        #expect(pulse.look(signs(600), process: { stopped }, at: seconds(0.6)) == .none)
        #expect(pulse.look(signs(1000), process: { stopped }, at: seconds(1)) == .hold(runs: false, stopped))
        #expect(pulse.isHeld)
        #expect(pulse.look(signs(3000), process: { stopped }, at: seconds(3)) == .none)
        #expect(pulse.look(signs(0), process: { stopped }, at: seconds(4)) == .resume(after: .seconds(3)))
        #expect(!pulse.isHeld)
    }

    @Test func `a worker that makes no progress for half a minute is replaced once`() {
        var pulse = WorkerPulse()
        let frozen = process("S", cpu: 100)
        _ = pulse.look(signs(600), process: { frozen }, at: seconds(0.6))
        #expect(pulse.look(signs(1000), process: { frozen }, at: seconds(1)) == .hold(runs: false, frozen))
        #expect(pulse.look(signs(30_000), process: { frozen }, at: seconds(30)) == .none)
        #expect(
            pulse.look(signs(31_000), process: { frozen }, at: seconds(31)) == .replace(after: .seconds(30), frozen)
        )
        #expect(pulse.look(signs(90_000), process: { frozen }, at: seconds(90)) == .none)
    }

    @Test func `a worker that computes is held, and never replaced however long it computes`() {
        var pulse = WorkerPulse()
        var cpu: UInt64 = 0
        func computing() -> ProcessLook {
            cpu += 200
            return process("R", cpu: cpu)
        }
        _ = pulse.look(signs(600), process: computing, at: seconds(0.6))
        #expect(
            pulse.look(signs(1000), process: computing, at: seconds(1)) == .hold(runs: true, process("R", cpu: 400))
        )
        for time in 2..<1000 {
            #expect(pulse.look(signs(1000), process: computing, at: seconds(Double(time))) == .none)
        }
        #expect(pulse.isHeld)
    }

    @Test func `a worker that computes now and then is not replaced`() {
        var pulse = WorkerPulse()
        _ = pulse.look(signs(600), process: { process("S", cpu: 0) }, at: seconds(0.6))
        _ = pulse.look(signs(1000), process: { process("S", cpu: 0) }, at: seconds(1))
        for time in 2..<1000 {
            let cpu = UInt64(time / 29 * 10)
            #expect(
                pulse.look(signs(1000), process: { process("S", cpu: cpu) }, at: seconds(Double(time))) == .none
            )
        }
    }

    @Test func `a short delay leaves no trace`() {
        var pulse = WorkerPulse()
        _ = pulse.look(signs(900), process: { process("S", cpu: 0) }, at: seconds(1))
        _ = pulse.look(signs(0), process: { nil }, at: seconds(1.1))
        #expect(pulse == WorkerPulse())
    }

    @Test func `a process of which nothing is known is taken not to run`() {
        var pulse = WorkerPulse()
        _ = pulse.look(signs(600), process: { nil }, at: seconds(1))
        #expect(pulse.look(signs(1000), process: { nil }, at: seconds(1.5)) == .hold(runs: false, nil))
    }
}

/// Workers one of whose threads does not come back.
@Suite struct HangJudgeTests {
    private func signs(
        finished: UInt64 = 10,
        stuck: Int = 1,
        reads: Bool = true
    ) -> HangJudge.Signs {
        .init(finished: finished, stuckThreads: stuck, othersBusy: 2, readsMessages: reads, process: nil)
    }

    @Test func `is watched for a second before it is judged, and judged once`() {
        var judge = HangJudge(signs(), at: seconds(1))
        #expect(judge.look(signs(), at: seconds(1.5)) == .wait)
        guard case .replace = judge.look(signs(), at: seconds(2)) else {
            Issue.record("not judged")
            return
        }
        #expect(judge.look(signs(), at: seconds(3)) == .wait)
    }

    @Test func `a thread that comes back is forgiven`() {
        var judge = HangJudge(signs(), at: seconds(1))
        #expect(judge.look(signs(stuck: 0), at: seconds(2)) == .dismiss)
    }

    private func finding(_ first: HangJudge.Signs, _ second: HangJudge.Signs) -> HangJudge.Finding? {
        var judge = HangJudge(first, at: seconds(1))
        guard case .replace(let finding, evidence: _) = judge.look(second, at: seconds(2)) else { return nil }
        return finding
    }

    @Test func `while others finish requests the thread is stuck and not the interpreter`() {
        #expect(finding(signs(reads: false), signs(finished: 11, reads: false)) == .threadIsStuck)
    }

    @Test func `others that merely take long are no sign of a stuck interpreter`() {
        #expect(finding(signs(), signs()) == .threadIsStuck)
    }

    @Test func `when nothing is finished and nothing is read no thread runs Python`() {
        #expect(finding(signs(reads: false), signs(reads: false)) == .interpreterIsStuck)
    }

    @Test func `the evidence says what was seen`() {
        var first = signs()
        first.process = process("R", cpu: 1000)
        var second = signs(finished: 13)
        second.process = process("S", cpu: 1250)
        var judge = HangJudge(first, at: seconds(1))
        #expect(
            judge.look(second, at: seconds(2))
                == .replace(
                    .threadIsStuck,
                    evidence: "in 1.00 s, the process used 0.25 s of CPU (state S), 2 other threads have a request, "
                        + "and 3 finished one, its main thread takes messages"
                )
        )
    }
}

/// What the kernel says of processes.
@Suite struct ProcessLookTests {
    private let tail = " R 1 1 1 0 -1 4194304 500 0 0 0 12 34 0 0 20 0 9 0 1000 1 1 1"

    @Test func `reads the state and the CPU time`() {
        #expect(ProcessLook(stat: "42 (python)" + tail, ticksPerSecond: 100) == process("R", cpu: 460))
    }

    @Test func `a name with brackets and blanks in it deceives nobody`() {
        #expect(ProcessLook(stat: "42 (a) T 9 (b) 1 1" + ")" + tail, ticksPerSecond: 100) == process("R", cpu: 460))
    }

    @Test(arguments: ["", "42", "42 (python)", "42 (python) R 1 2 3", "42 (p) R 1 1 1 0 -1 4194304 500 0 0 0 a b"])
    func `anything else is nothing`(text: String) {
        #expect(ProcessLook(stat: text, ticksPerSecond: 100) == nil)
    }

    @Test func `finds the signals a process catches`() {
        let status = "Name:\tpython\nSigBlk:\t0000000000000000\nSigCgt:\t2000000000000002\n"
        #expect(SignalsCaught.contains(62, inStatus: status))
        #expect(SignalsCaught.contains(2, inStatus: status))
        #expect(!SignalsCaught.contains(1, inStatus: status))
        #expect(!SignalsCaught.contains(63, inStatus: status))
        #expect(!SignalsCaught.contains(0, inStatus: status))
        #expect(!SignalsCaught.contains(62, inStatus: "nothing of the kind"))
        #expect(!SignalsCaught.contains(62, inStatus: "SigCgt:\tnonsense"))
    }

    @Test func `finds a counter of the kernel's`() {
        #expect(OutOfMemoryKills.value("oom_kill", in: "oom 3\noom_kill 2\noom_group_kill 1\n") == 2)
        #expect(OutOfMemoryKills.value("oom_kill", in: "oom_kill two\n") == nil)
        #expect(OutOfMemoryKills.value("oom_kill", in: "") == nil)
    }
}
