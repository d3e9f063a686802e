import Telemetry
import Testing

/// Sessions, where there are any.
@Suite struct SessionRenderingTests {
    private var snapshot: MetricsSnapshot {
        var snapshot = RenderingTests.snapshot()
        snapshot.sessions = .init(known: 7, movedFromEnded: 2, movedFromLeaving: 1)
        snapshot.workers[0].sessions = 4
        return snapshot
    }

    @Test func `metrics tell them by worker, and how many moved and why`() {
        let lines = PrometheusText.render(snapshot).split(separator: "\n")
        for line in [
            #"roost_worker_sessions{worker="1"} 4"#, "roost_sessions_known 7",
            #"roost_sessions_moved_total{reason="worker_ended"} 2"#,
            #"roost_sessions_moved_total{reason="worker_leaving"} 1"#,
        ] {
            #expect(lines.contains { $0 == line }, "\(line)")
        }
        #expect(!PrometheusText.render(RenderingTests.snapshot()).contains("session"))
    }

    @Test func `the page for people has a column for them`() {
        let text = StatusText.render(snapshot)
        #expect(text.contains("sessions   7 known, 3 moved to another worker"))
        let header = text.split(separator: "\n").first { $0.hasPrefix("worker ") } ?? ""
        #expect(
            header.split(separator: " ") == [
                "worker", "pid", "state", "busy", "sessions", "requests", "up", "resident",
            ]
        )
        #expect(!StatusText.render(RenderingTests.snapshot()).contains("session"))
    }

    @Test func `JSON has them too`() {
        let text = StatusJSON.render(snapshot)
        #expect(text.contains(#""sessions":{"known":7,"moved":{"worker_ended":2,"worker_leaving":1}}"#))
        #expect(text.contains(#""sessions":4"#))
        #expect(!StatusJSON.render(RenderingTests.snapshot()).contains("session"))
    }
}
