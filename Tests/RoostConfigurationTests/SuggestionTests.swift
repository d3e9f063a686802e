import RoostConfiguration
import Testing

@Suite struct `What somebody may have meant by a command` {
    private let commands = ["serve", "config", "status", "reload", "scale", "stop", "upgrade", "version", "help"]

    @Test(
        arguments: [
            ("sevre", "roost serve"), ("relaod", "roost reload"), ("statsu", "roost status"),
            ("ok:app", "roost serve ok:app"), ("dashboard.py", "roost serve dashboard.py"),
            ("--bind", "roost serve TARGET --bind"), ("frobnicate", nil),
        ]
    ) func `a misspelt command, an app, an option`(word: String, meant: String?) {
        #expect(Suggestion.command(for: word, among: commands) == meant)
    }
}
