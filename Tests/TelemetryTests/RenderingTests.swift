import Foundation
import Telemetry
import Testing

@Suite struct RenderingTests {
    /// A server that has answered a few requests, with figures that are easy to find again.
    static func snapshot() -> MetricsSnapshot {
        var server = ServerMetrics(refusalCauses: ["full", "timeout"])
        for _ in 0..<3 { server.answered(method: .get, status: 200, responseBytes: 5) }
        server.answered(method: .post, status: 200, requestBytes: 7, responseBytes: 5)
        server.answered(method: .get, status: 503, responseBytes: 20)
        server.refuse(cause: "full")
        server.clientLeft(.waiting)
        server.dispatched(queueNanoseconds: 2_000_000)
        server.finished(serviceNanoseconds: 50_000_000)
        server.finished(serviceNanoseconds: 90_000_000_000)
        server.connectionOpened()
        server.workerRestarted()
        var snapshot = MetricsSnapshot(version: "0.1.0", server: server)
        snapshot.target = "sales_dash:server"
        snapshot.pid = 4242
        snapshot.phase = .serving
        snapshot.uptime = .seconds(7500)
        snapshot.queueDepth = 12
        snapshot.queueLimit = 192
        snapshot.maximumQueueDepth = 40
        snapshot.oldestWait = .milliseconds(840)
        snapshot.completionsPerSecond = 31
        snapshot.threads = 16
        snapshot.busyThreads = 16
        snapshot.workers = [
            .init(
                id: 1,
                pid: 4243,
                state: "ready",
                isReady: true,
                threads: 8,
                busyThreads: 8,
                requests: 3,
                uptime: .seconds(42),
                residentBytes: 60 << 20
            ),
            .init(id: 2, state: "backing_off", isReady: false, threads: 8),
        ]
        snapshot.droppedLogLines = 9
        snapshot.residentBytes = 20 << 20
        return snapshot
    }

    @Test func `Prometheus text is exactly this`() {
        #expect(PrometheusText.render(Self.snapshot()) == ExpectedText.prometheus)
    }

    @Test func `every Prometheus sample belongs to a family that was announced once`() throws {
        var families: [String: String] = [:]
        for line in PrometheusText.render(Self.snapshot()).split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# TYPE ") {
                #expect(families.updateValue(String(words[3]), forKey: String(words[2])) == nil, "\(line)")
            } else if !line.hasPrefix("#") {
                let name = String(line.prefix { $0 != "{" && $0 != " " })
                let family = ["_bucket", "_sum", "_count"].reduce(name) { name, suffix in
                    let base = name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
                    return families[base] == "histogram" ? base : name
                }
                let type = try #require(families[family], "\(line)")
                #expect((type == "counter") == family.hasSuffix("_total"), "\(line)")
                #expect(Double(try #require(words.last)) != nil, "\(line)")
            }
        }
        #expect(families.count > 20)
    }

    @Test func `a label cannot end its quotes or its line`() {
        var snapshot = MetricsSnapshot(version: "a\"b\\c\nd", server: ServerMetrics(refusalCauses: []))
        snapshot.completionsPerSecond = .infinity
        let text = PrometheusText.render(snapshot)
        #expect(text.contains(#"roost_info{version="a\"b\\c\nd"} 1"#))
        #expect(text.contains("roost_completions_per_second +Inf\n"))
    }

    @Test func `the JSON status is one object with the figures`() throws {
        let text = StatusJSON.render(Self.snapshot())
        let json = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let queue = try #require(json["queue"] as? [String: Any])
        #expect(queue["depth"] as? Int == 12)
        #expect(queue["limit"] as? Int == 192)
        #expect(queue["oldest_seconds"] as? Double == 0.84)
        #expect((json["threads"] as? [String: Int]) == ["total": 16, "busy": 16])
        let requests = try #require(json["requests"] as? [String: Any])
        #expect(requests["total"] as? Int == 5)
        #expect((requests["by_status"] as? [String: Int]) == ["200": 4, "503": 1])
        #expect((json["refused"] as? [String: Int]) == ["full": 1, "timeout": 0])
        let workers = try #require(json["workers"] as? [[String: Any]])
        #expect(workers.count == 2)
        #expect(workers[0]["pid"] as? Int == 4243)
        #expect(workers[1]["pid"] is NSNull)
        let service = try #require(json["service_seconds"] as? [String: Any])
        #expect(service["count"] as? Int == 2)
        #expect(service["sum"] as? Double == 90.05)
        #expect(service["maximum"] as? Double == 90)
        #expect(json["log_lines_dropped"] as? Int == 9)
        #expect(text.hasSuffix("}\n"))
    }

    @Test func `a status before the first request is JSON as well`() throws {
        let empty = MetricsSnapshot(version: "1", server: ServerMetrics(refusalCauses: []))
        let text = StatusJSON.render(empty)
        let json = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect((json["queue_seconds"] as? [String: Any])?["p50"] is NSNull)
        #expect(!StatusText.render(empty).isEmpty)
    }

    @Test func `JSON strings come back as they were, and are one line of ASCII`() throws {
        let strings = [
            "", "plain", "\"\\/\u{8}\u{c}\n\r\t\u{0}\u{1f}\u{7f}", "대시 🦜 é", "\u{2028}\u{202e}", "a\u{feff}b",
        ]
        for string in strings {
            let quoted = JSONWriter.quoted(string)
            #expect(quoted.utf8.allSatisfy { (0x20..<0x7F).contains($0) }, "\(quoted)")
            let value = try JSONSerialization.jsonObject(with: Data(quoted.utf8), options: .fragmentsAllowed)
            #expect(value as? String == string)
        }
    }

    @Test func `JSON has null for numbers it cannot have`() {
        var json = JSONWriter()
        json.beginArray()
        json.number(.nan)
        json.number(-.infinity)
        json.number(0.5)
        json.integer(nil as Int?)
        json.endArray()
        #expect(json.text == "[null,null,0.5,null]")
    }

    @Test func `the status for people is exactly this`() {
        #expect(StatusText.render(Self.snapshot()) == ExpectedText.status)
    }
}
