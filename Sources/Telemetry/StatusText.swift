/// What `roost status` prints: a short page for people.
///
///     roost 0.1.0 serving sales_dash:server, up 2 h 5 min, pid 4242
///
///     queue      depth 12 (limit 192), oldest 840 ms, most 40
///     threads    16 of 16 busy, 31.0 req/s finishing
///     …
public enum StatusText {
    /// Everything a person asks first about `snapshot`, ending in a line feed.
    public static func render(_ snapshot: MetricsSnapshot) -> String {
        let server = snapshot.server
        var lines: [String] = [headline(snapshot), ""]
        let oldest = snapshot.queueDepth > 0 ? ", oldest \(time(snapshot.oldestWait.clampedNanoseconds))" : ""
        lines.append(
            row("queue", "depth \(snapshot.queueDepth) (limit \(snapshot.queueLimit))\(oldest), ")
                + "most \(snapshot.maximumQueueDepth)"
        )
        lines.append(
            row(
                snapshot.isASGI ? "in flight" : "threads",
                "\(snapshot.busyThreads) of \(snapshot.threads) \(snapshot.isASGI ? "(asgi)" : "busy"), "
            )
                + "\(rate(snapshot.completionsPerSecond)) req/s finishing"
        )
        lines += pools(snapshot)
        lines.append(row("requests", requests(server)))
        lines.append(row("refused", causes(server.refused)))
        lines.append(row("left", causes(server.clientsLeft, none: "no client left before its answer")))
        let failed =
            server.failedConnections > 0 ? ", \(server.failedConnections) closed because they could not be set up" : ""
        let (open, opened) = (server.openConnections, server.openedConnections)
        lines.append(row("clients", "\(open) connections open, \(opened) since the start\(failed)"))
        if snapshot.isASGI || server.webSockets.opened > 0 {
            let sockets = server.webSockets
            let closed = sockets.closes.total > 0 ? ", closed: \(causes(sockets.closes))" : ""
            lines.append(row("websockets", "\(sockets.open) open, \(sockets.opened) since the start\(closed)"))
        }
        if server.workerRestarts > 0 || server.workerProtocolErrors > 0 {
            let (replaced, broken) = (server.workerRestarts, server.workerProtocolErrors)
            lines.append(row("workers", "\(replaced) replaced, \(broken) killed for breaking the protocol"))
        }
        let reloading = snapshot.isReloading ? ", the next one is being started" : ""
        if snapshot.generation > 1 || snapshot.isReloading || server.reloads.counts.contains(where: { $0 > 0 }) {
            lines.append(row("reloads", "\(causes(server.reloads)); generation \(snapshot.generation)\(reloading)"))
        }
        if server.recycles.counts.contains(where: { $0 > 0 }) {
            lines.append(row("recycled", causes(server.recycles)))
        }
        if let sessions = snapshot.sessions {
            let moved = sessions.moved.reduce(0) { $0 &+ $1.count }
            lines.append(row("sessions", "\(sessions.known) known, \(moved) moved to another worker"))
        }
        if snapshot.droppedLogLines > 0 {
            lines.append(row("log", "\(snapshot.droppedLogLines) lines dropped: its reader stalled, or writing failed"))
        }
        lines.append("")
        lines += times(server)
        lines.append("")
        lines += workers(snapshot)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func headline(_ snapshot: MetricsSnapshot) -> String {
        let what = snapshot.target.isEmpty ? "" : " " + EscapedText.line(snapshot.target)
        let age = "up \(age(snapshot.uptime.clampedNanoseconds))"
        let memory = snapshot.residentBytes.map { ", \(bytes($0)) resident" } ?? ""
        return "roost \(snapshot.version) \(snapshot.phase.rawValue)\(what), \(age), pid \(snapshot.pid)\(memory)"
    }

    private static func requests(_ server: ServerMetrics) -> String {
        var classes = [UInt64](repeating: 0, count: 6)
        for entry in server.requests.entries where classes.indices.contains(entry.status / 100) {
            classes[entry.status / 100] &+= entry.count
        }
        let parts = (1...5).filter { classes[$0] > 0 }.map { "\(classes[$0]) \($0)xx" }
        let total = "\(classes.reduce(0, &+)) answered"
        return parts.isEmpty ? total : "\(total): " + parts.joined(separator: ", ")
    }

    private static func causes(_ counter: LabelledCounter, none: String = "none") -> String {
        let counted = zip(counter.labels, counter.counts).filter { $0.1 > 0 }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
        return counted.isEmpty ? none : counted.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
    }

    private static func times(_ server: ServerMetrics) -> [String] {
        var table = [["since the start", "p50", "p95", "p99", "most"]]
        for (name, histogram) in [("queue time", server.queueTime), ("service time", server.serviceTime)] {
            let cells = [0.5, 0.95, 0.99].map { histogram.quantile($0).map(time) ?? "-" }
            table.append([name] + cells + [histogram.count > 0 ? time(histogram.maximumNanoseconds) : "-"])
        }
        return aligned(table)
    }

    private static func workers(_ snapshot: MetricsSnapshot) -> [String] {
        let showsSessions = snapshot.sessions != nil
        var table = [
            ["worker", "pid", "state", "busy"] + (snapshot.isASGI ? ["sockets"] : [])
                + (showsSessions ? ["sessions"] : []) + ["requests", "up", "resident"]
        ]
        for worker in snapshot.workers {
            var cells = [
                String(worker.id),
                worker.pid.map { String($0) } ?? "-",
                worker.role == "successor" ? "\(worker.state) (next)" : worker.state,
                "\(worker.busyThreads)/\(worker.threads)",
            ]
            if showsSessions { cells.append(worker.sessions.map { String($0) } ?? "-") }
            cells += [
                String(worker.requests),
                age(worker.uptime.clampedNanoseconds),
                worker.residentBytes.map(bytes) ?? "-",
            ]
            if snapshot.isASGI { cells.insert(String(worker.webSockets), at: 4) }
            table.append(cells)
        }
        return aligned(table)
    }

    static func row(_ name: String, _ text: String) -> String {
        name + String(repeating: " ", count: max(1, 11 - name.count)) + text
    }

    /// Columns as wide as their widest cell: the first to the left, the others to the right.
    private static func aligned(_ table: [[String]]) -> [String] {
        let widths = (table.first ?? []).indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { cells in
            zip(cells, widths).enumerated().map { index, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return index == 0 ? cell.0 + space : space + cell.0
            }.joined(separator: "  ")
        }
    }
}

extension StatusText {
    /// A time of service or waiting with two or three digits that matter: `0.84 ms`, `12.3 ms`, `840 ms`, `4.20 s`.
    static func time(_ nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case 0: "0 ms"
        case ..<10_000_000: Decimal.text(nanoseconds, scale: 1_000_000, places: 2) + " ms"
        case ..<100_000_000: Decimal.text(nanoseconds, scale: 1_000_000, places: 1) + " ms"
        case ..<1_000_000_000: Decimal.text(nanoseconds, scale: 1_000_000, places: 0) + " ms"
        case ..<10_000_000_000: Decimal.text(nanoseconds, scale: 1_000_000_000, places: 2) + " s"
        default: Decimal.text(nanoseconds, scale: 1_000_000_000, places: 1) + " s"
        }
    }

    /// An age in its two largest units: `42 s`, `5 min 3 s`, `2 h 5 min`, `3 d 4 h`.
    static func age(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        return switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }

    /// Memory in mebibytes: `23.4 MiB`.
    static func bytes(_ bytes: UInt64) -> String {
        Decimal.text(bytes, scale: 1_048_576, places: 1) + " MiB"
    }

    private static func rate(_ perSecond: Double) -> String {
        guard perSecond.isFinite, perSecond >= 0, perSecond < 1e9 else { return "-" }
        return Decimal.text(UInt64(perSecond * 1000), scale: 1000, places: 1)
    }
}
