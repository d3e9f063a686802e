import Testing

@testable import Development

@Suite struct `The sequence of reloads` {
    let start = ContinuousClock.now
    let app = ChangeSet(["/srv/app.py": .changed])
    let model = ChangeSet(["/srv/model.py": .changed])

    @Test func `a change is reloaded at once when nothing is under way`() {
        var sequence = started()
        #expect(sequence.changed(app, at: start) == .reload(app))
    }

    @Test func `changes during a reload are one reload after it`() {
        var sequence = started()
        _ = sequence.changed(app, at: start)
        #expect(sequence.changed(app, at: start) == nil)
        #expect(sequence.changed(model, at: start) == nil)
        let both = ChangeSet(["/srv/app.py": .changed, "/srv/model.py": .changed])
        #expect(sequence.ended(isReady: true, at: start)?.next == .reload(both))
        #expect(sequence.ended(isReady: true, at: start)?.next == nil)
    }

    @Test func `a failed reload leaves the old code, and the next change is a reload again`() {
        var sequence = started()
        _ = sequence.changed(app, at: start)
        #expect(sequence.ended(isReady: false, at: start)?.next == nil)
        #expect(sequence.changed(model, at: start) == .reload(model))
    }

    @Test func `after a failed first start a change starts again, as often as it takes`() {
        var sequence = ReloadSequence(at: start)
        for _ in 1...3 {
            #expect(sequence.ended(isReady: false, at: start)?.next == nil)
            #expect(sequence.changed(app, at: start) == .start(app))
        }
        #expect(sequence.ended(isReady: true, at: start)?.done == .start(app))
        #expect(sequence.changed(app, at: start) == .reload(app))
    }

    @Test func `a change during the first start follows it, whether that succeeds or not`() {
        for isReady in [true, false] {
            var sequence = ReloadSequence(at: start)
            #expect(sequence.changed(app, at: start) == nil)
            #expect(sequence.ended(isReady: isReady, at: start)?.next == (isReady ? .reload(app) : .start(app)))
        }
    }

    @Test func `it says what was done and how long that took`() {
        var sequence = started()
        _ = sequence.changed(app, at: start)
        let end = sequence.ended(isReady: true, at: start + .milliseconds(312))
        #expect(end?.done == .reload(app))
        #expect(end?.took == .milliseconds(312))
    }

    @Test func `an end that nothing was begun for is nothing`() {
        var sequence = started()
        #expect(sequence.ended(isReady: true, at: start) == nil)
    }

    private func started() -> ReloadSequence {
        var sequence = ReloadSequence(at: start)
        _ = sequence.ended(isReady: true, at: start)
        return sequence
    }
}

@Suite struct `Waiting for the end of a change` {
    let start = ContinuousClock.now

    private func takes(_ debounce: inout Debounce, _ now: ContinuousClock.Instant) -> Bool {
        debounce.takeDue(at: now)
    }

    @Test func `at rest there is nothing to wait for`() {
        var debounce = Debounce()
        #expect(debounce.deadline == nil)
        #expect(takes(&debounce, start) == false)
    }

    @Test func `a burst counts once, when it has been quiet`() {
        var debounce = Debounce(quiet: .milliseconds(100), longest: .seconds(1))
        for millisecond in stride(from: 0, through: 300, by: 60) {
            debounce.noticed(at: start + .milliseconds(millisecond))
            #expect(takes(&debounce, start + .milliseconds(millisecond + 59)) == false)
        }
        #expect(debounce.deadline == start + .milliseconds(400))
        #expect(takes(&debounce, start + .milliseconds(400)))
        #expect(takes(&debounce, start + .seconds(5)) == false)
    }

    @Test func `a burst without end counts all the same`() {
        var debounce = Debounce(quiet: .milliseconds(100), longest: .seconds(1))
        for millisecond in stride(from: 0, to: 1000, by: 50) {
            debounce.noticed(at: start + .milliseconds(millisecond))
        }
        #expect(takes(&debounce, start + .seconds(1)))
    }
}

@Suite struct `A set of changes` {
    @Test func `what is different between two moments is found`() {
        let stamp = FileStamp(inode: 1, byteCount: 10, seconds: 100, nanoseconds: 0)
        var written = stamp
        written.nanoseconds = 1
        var replaced = stamp
        replaced.inode = 2
        let before = SourceSnapshot(files: ["/a": stamp, "/b": stamp, "/c": stamp, "/d": stamp])
        let after = SourceSnapshot(files: ["/a": stamp, "/b": written, "/c": replaced, "/e": stamp])
        let changes = before.changes(until: after)
        #expect(changes.changes == ["/b": .changed, "/c": .changed, "/d": .gone, "/e": .made])
        #expect(before.changes(until: before).isEmpty)
    }

    @Test func `later changes win, but a new file stays new`() {
        var changes = ChangeSet(["/a": .made, "/b": .changed])
        changes.add(ChangeSet(["/a": .changed, "/b": .gone, "/c": .made]))
        #expect(changes.changes == ["/a": .made, "/b": .gone, "/c": .made])
    }

    @Test func `its summary is short, and relative to what is watched`() {
        let few = ChangeSet(["/srv/app.py": .changed, "/srv/shop/new.py": .made, "/lib/old.py": .gone])
        #expect(few.summary(below: ["/srv"]) == "/lib/old.py (gone), app.py, shop/new.py (new)")
        #expect(ChangeSet(["/srv/shop/new.py": .made]).summary(below: ["/srv", "/srv/shop"]) == "new.py (new)")
        let many = ChangeSet(Dictionary(uniqueKeysWithValues: (1...9).map { ("/srv/\($0).py", .changed) }))
        #expect(many.summary(below: ["/srv"]) == "1.py, 2.py, 3.py and 6 more")
    }
}
