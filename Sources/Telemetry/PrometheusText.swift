/// The Prometheus text exposition format, version 0.0.4.
///
/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>: a `HELP` and a `TYPE` line for each
/// family, counters ending in `_total`, times in seconds, sizes in bytes.
public struct PrometheusText {
    /// The media type that the format is served as.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private var text = ""

    /// Everything in `snapshot`.
    public static func render(_ snapshot: MetricsSnapshot) -> String {
        var writer = PrometheusText()
        writer.text.reserveCapacity(8192)
        writer.writeServer(snapshot)
        writer.writeQueue(snapshot)
        writer.writeWorkers(snapshot)
        writer.writePools(snapshot)
        writer.writeSessions(snapshot)
        writer.writeRequests(snapshot.server)
        writer.writeConnections(snapshot)
        return writer.text
    }

    private mutating func writeServer(_ snapshot: MetricsSnapshot) {
        family("roost_info", .gauge, "Always 1; the version is a label.")
        sample("roost_info", [("version", snapshot.version)], "1")
        gauge("roost_uptime_seconds", "Age of the front's process.", snapshot.uptime.secondsText)
        if let bytes = snapshot.residentBytes {
            gauge("roost_resident_bytes", "Resident memory of the front's process.", String(bytes))
        }
        gauge("roost_draining", "1 while the server drains, otherwise 0.", snapshot.phase == .draining ? "1" : "0")
    }

    private mutating func writeQueue(_ snapshot: MetricsSnapshot) {
        gauge("roost_queue_depth", "Requests waiting for a thread.", String(snapshot.queueDepth))
        gauge("roost_queue_limit", "The most requests that may wait.", String(snapshot.queueLimit))
        gauge(
            "roost_queue_depth_max",
            "The most requests that have waited at once.",
            String(snapshot.maximumQueueDepth)
        )
        gauge(
            "roost_queue_oldest_seconds",
            "How long the oldest waiting request has waited.",
            snapshot.oldestWait.secondsText
        )
        gauge(
            "roost_completions_per_second",
            "Requests finishing per second, lately.",
            number(snapshot.completionsPerSecond)
        )
    }

    private mutating func writeWorkers(_ snapshot: MetricsSnapshot) {
        gauge(
            "roost_threads",
            "Threads of all workers that take requests; of ASGI workers, how many requests they may have at once.",
            String(snapshot.threads)
        )
        gauge(
            "roost_threads_busy",
            "Threads that run a request; of ASGI workers, requests in flight.",
            String(snapshot.busyThreads)
        )
        gauge("roost_workers", "Worker processes that take requests.", String(snapshot.readyWorkers))
        gauge(
            "roost_workers_configured",
            "Worker processes there should be.",
            String(snapshot.configuredWorkers ?? snapshot.workers.count)
        )
        gauge("roost_generation", "The generation of workers that serves, from 1.", String(snapshot.generation))
        let (coming, leaving) = (
            snapshot.workers.count { $0.role == "successor" }, snapshot.workers.count { $0.role == "leaving" }
        )
        gauge("roost_workers_coming", "Worker processes that are to take another's place.", String(coming))
        gauge("roost_workers_leaving", "Worker processes that finish what they have, then leave.", String(leaving))
        counter(
            "roost_worker_restarts_total",
            "Workers replaced because they ended or were killed.",
            snapshot.server.workerRestarts
        )
        counter(
            "roost_worker_protocol_errors_total",
            "Workers killed because they broke the protocol of their link.",
            snapshot.server.workerProtocolErrors
        )
        labelled(
            "roost_worker_recycles_total",
            "reason",
            "Workers replaced though they could have gone on.",
            snapshot.server.recycles
        )
        labelled("roost_reloads_total", "result", "Reloads.", snapshot.server.reloads)
        // One of each place: what is another's as well would be the same series twice.
        let workers = snapshot.workers.filter { $0.role == "current" }
        each(workers, "roost_worker_up", .gauge, "1 for a worker that takes requests, otherwise 0.") {
            $0.isReady ? "1" : "0"
        }
        each(workers, "roost_worker_threads_busy", .gauge, "Threads of the worker that run a request.") {
            String($0.busyThreads)
        }
        each(workers, "roost_worker_sessions", .gauge, "Sessions of the worker: open WebSockets and those seen lately.")
        {
            $0.sessions.map { String($0) }
        }
        each(workers, "roost_worker_requests_total", .counter, "Requests the worker's process finished.") {
            String($0.requests)
        }
        each(workers, "roost_worker_websockets", .gauge, "WebSockets that the worker has open.") {
            $0.isASGI ? String($0.webSockets) : nil
        }
        each(workers, "roost_worker_uptime_seconds", .gauge, "Age of the worker's process.") { $0.uptime.secondsText }
        each(workers, "roost_worker_resident_bytes", .gauge, "Resident memory of the worker's process.") {
            $0.residentBytes.map { String($0) }
        }
    }

    private mutating func writePools(_ snapshot: MetricsSnapshot) {
        let workers = snapshot.workers.filter { $0.role == "current" && !$0.appPools.isEmpty }
        guard !workers.isEmpty else { return }
        let families: [(name: String, help: String, value: (MetricsSnapshot.AppPool) -> Int)] = [
            ("roost_app_pool_threads", "The most threads of a pool inside the app.", { $0.threads }),
            ("roost_app_pool_threads_busy", "Threads of a pool inside the app that run a call.", { $0.busy }),
            ("roost_app_pool_waiting", "Calls that wait for a thread of a pool inside the app.", { $0.waiting }),
        ]
        for (name, help, value) in families {
            family(name, .gauge, help)
            for worker in workers {
                for pool in worker.appPools {
                    sample(name, [("worker", String(worker.id)), ("pool", pool.name)], String(value(pool)))
                }
            }
        }
    }

    private mutating func writeSessions(_ snapshot: MetricsSnapshot) {
        guard let sessions = snapshot.sessions else { return }
        gauge("roost_sessions_known", "Sessions whose worker is remembered.", String(sessions.known))
        family("roost_sessions_moved_total", .counter, "Sessions given another worker.")
        for (reason, count) in sessions.moved {
            sample("roost_sessions_moved_total", [("reason", reason)], String(count))
        }
    }

    private mutating func writeRequests(_ server: ServerMetrics) {
        family("roost_requests_total", .counter, "Requests answered, by status and method.")
        for entry in server.requests.entries {
            sample(
                "roost_requests_total",
                [("status", String(entry.status)), ("method", entry.method.rawValue)],
                String(entry.count)
            )
        }
        labelled("roost_refused_total", "cause", "Requests answered without the application.", server.refused)
        labelled(
            "roost_failed_total",
            "cause",
            "Requests answered 5xx because the application did not answer.",
            server.failures
        )
        labelled("roost_cut_total", "cause", "Responses cut after their head.", server.cuts)
        labelled("roost_retries_total", "cause", "Requests given to another worker.", server.retries)
        labelled("roost_clients_left_total", "phase", "Clients that left before their answer.", server.clientsLeft)
        histogram("roost_queue_seconds", "Queue time of requests that a thread took.", server.queueTime)
        histogram("roost_service_seconds", "Service time of requests that finished.", server.serviceTime)
        counter("roost_request_bytes_total", "Bytes of request bodies received.", server.requestBytes)
        counter("roost_response_bytes_total", "Bytes of response bodies sent.", server.responseBytes)
    }

    private mutating func writeConnections(_ snapshot: MetricsSnapshot) {
        gauge("roost_connections", "Client connections open.", String(snapshot.server.openConnections))
        counter(
            "roost_connections_opened_total",
            "Client connections accepted.",
            snapshot.server.openedConnections
        )
        counter(
            "roost_connections_failed_total",
            "Client connections accepted and closed at once because they could not be set up.",
            snapshot.server.failedConnections
        )
        let sockets = snapshot.server.webSockets
        gauge("roost_websockets", "WebSockets open.", String(sockets.open))
        counter("roost_websockets_opened_total", "WebSockets that an app has accepted.", sockets.opened)
        labelled("roost_websockets_closed_total", "code", "WebSockets that have ended.", sockets.closes)
        family("roost_websocket_messages_total", .counter, "Messages of WebSockets.")
        sample("roost_websocket_messages_total", [("direction", "in")], String(sockets.receivedMessages))
        sample("roost_websocket_messages_total", [("direction", "out")], String(sockets.sentMessages))
        family("roost_websocket_bytes_total", .counter, "Bytes of messages of WebSockets.")
        sample("roost_websocket_bytes_total", [("direction", "in")], String(sockets.receivedBytes))
        sample("roost_websocket_bytes_total", [("direction", "out")], String(sockets.sentBytes))
        counter(
            "roost_log_lines_dropped_total",
            "Log lines dropped because the reader of the log stalled, or writing failed.",
            snapshot.droppedLogLines
        )
    }
}

extension PrometheusText {
    private enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    private mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help.escaped(quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func sample(_ name: String, _ labels: [(name: String, value: String)], _ value: String) {
        text += name
        for (index, label) in labels.enumerated() {
            text += index == 0 ? "{" : ","
            text += "\(label.name)=\"\(label.value.escaped(quotes: true))\""
        }
        text += labels.isEmpty ? " \(value)\n" : "} \(value)\n"
    }

    private mutating func gauge(_ name: String, _ help: String, _ value: String) {
        family(name, .gauge, help)
        sample(name, [], value)
    }

    private mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
        family(name, .counter, help)
        sample(name, [], String(value))
    }

    private mutating func labelled(_ name: String, _ label: String, _ help: String, _ counter: LabelledCounter) {
        family(name, .counter, help)
        for (value, count) in zip(counter.labels, counter.counts) {
            sample(name, [(label, value)], String(count))
        }
    }

    private mutating func each(
        _ workers: [MetricsSnapshot.Worker],
        _ name: String,
        _ kind: Kind,
        _ help: String,
        value: (_ worker: MetricsSnapshot.Worker) -> String?
    ) {
        let values = workers.map { (id: $0.id, value: value($0)) }
        guard values.contains(where: { $0.value != nil }) else { return }
        family(name, kind, help)
        for case (let id, let value?) in values {
            sample(name, [("worker", String(id))], value)
        }
    }

    private mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        family(name, .histogram, help)
        for (label, count) in zip(Histogram.boundLabels + ["+Inf"], histogram.cumulativeCounts) {
            sample(name + "_bucket", [("le", label)], String(count))
        }
        sample(name + "_sum", [], secondsText(nanoseconds: histogram.sumNanoseconds))
        sample(name + "_count", [], String(histogram.count))
    }

    private func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }
}

extension String {
    /// Escaped for a `HELP` line, or with quotes for a label's value.
    fileprivate func escaped(quotes: Bool) -> String {
        guard utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return self }
        var escaped = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
