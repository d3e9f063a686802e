import Telemetry
import Testing

@Suite struct ServerMetricsTests {
    @Test func `a label that is not in the list counts nothing`() {
        var counter = LabelledCounter(labels: ["full", "timeout", "full"])
        #expect(counter.labels == ["full", "timeout"])
        let isKnown = counter.add("else")
        #expect(!isKnown)
        counter.add(at: 99)
        counter.add(at: -1)
        #expect(counter.total == 0)
        counter.add(at: 1)
        #expect(counter["timeout"] == 1)
        #expect(counter["else"] == 0)
    }

    @Test func `a method that is not in the list is other, and methods are case-sensitive`() {
        #expect(MethodLabel(token: "GET".utf8) == .get)
        #expect(MethodLabel(token: "get".utf8) == .other)
        #expect(MethodLabel(token: "PROPFIND".utf8) == .other)
        #expect(MethodLabel(token: "other".utf8) == .other)
        #expect(MethodLabel(token: [] as [UInt8]) == .other)
    }

    @Test func `a status that is none counts as 500`() {
        var counter = RequestCounter()
        for status in [99, 600, -1, .max, .min] { counter.add(status: status, method: .get) }
        counter.add(status: 100, method: .other)
        counter.add(status: 599, method: .get)
        #expect(
            counter.entries.map { "\($0.status) \($0.method.rawValue) \($0.count)" }
                == ["100 other 1", "500 GET 5", "599 GET 1"]
        )
        #expect(counter.total == 7)
    }

    @Test func `open connections never go below zero`() {
        var metrics = ServerMetrics(refusalCauses: [])
        metrics.connectionClosed()
        #expect(metrics.openConnections == 0)
        metrics.connectionOpened()
        metrics.connectionOpened()
        metrics.connectionClosed()
        #expect(metrics.openConnections == 1)
        #expect(metrics.openedConnections == 2)
    }

    @Test func `the server is ready while a worker is and it does not drain`() {
        var snapshot = MetricsSnapshot(version: "1", server: ServerMetrics(refusalCauses: []))
        #expect(snapshot.reasonNotReady == "no worker is ready (0 of 0)")
        snapshot.workers = [
            .init(id: 1, state: "starting", isReady: false, threads: 8),
            .init(id: 2, state: "ready", isReady: true, threads: 8),
        ]
        #expect(snapshot.reasonNotReady == nil)
        snapshot.phase = .draining
        #expect(snapshot.reasonNotReady == "draining")
        snapshot.phase = .serving
        snapshot.workers[1].isReady = false
        #expect(snapshot.reasonNotReady == "no worker is ready (0 of 2)")
    }

    @Test func `a duration of any size has nanoseconds`() {
        #expect(Duration.seconds(-5).clampedNanoseconds == 0)
        #expect(Duration.seconds(Int64.max).clampedNanoseconds == .max)
        #expect(Duration.milliseconds(1500).clampedNanoseconds == 1_500_000_000)
    }
}
