/// The answer of `/status`: one JSON object, with the unit in the name of each number that has one.
public enum StatusJSON {
    /// Everything in `snapshot`, ending in a line feed.
    public static func render(_ snapshot: MetricsSnapshot) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.string(snapshot.version, "version")
        json.string(snapshot.target, "target")
        json.integer(snapshot.pid, "pid")
        json.string(snapshot.phase.rawValue, "state")
        json.seconds(nanoseconds: snapshot.uptime.clampedNanoseconds, "uptime_seconds")
        json.integer(snapshot.residentBytes, "resident_bytes")

        json.beginObject("queue")
        json.integer(snapshot.queueDepth, "depth")
        json.integer(snapshot.queueLimit, "limit")
        json.integer(snapshot.maximumQueueDepth, "maximum_depth")
        json.seconds(nanoseconds: snapshot.oldestWait.clampedNanoseconds, "oldest_seconds")
        json.number(snapshot.completionsPerSecond, "completions_per_second")
        json.endObject()

        json.beginObject("threads")
        json.integer(snapshot.threads, "total")
        json.integer(snapshot.busyThreads, "busy")
        json.endObject()

        json.integer(snapshot.generation, "generation")
        json.beginArray("workers")
        for worker in snapshot.workers { write(worker, to: &json) }
        json.endArray()

        if let sessions = snapshot.sessions {
            json.beginObject("sessions")
            json.integer(sessions.known, "known")
            json.beginObject("moved")
            for (reason, count) in sessions.moved { json.integer(count, reason) }
            json.endObject()
            json.endObject()
        }

        write(snapshot.server, to: &json)
        json.integer(snapshot.droppedLogLines, "log_lines_dropped")
        json.endObject()
        return json.text + "\n"
    }

    private static func write(_ worker: MetricsSnapshot.Worker, to json: inout JSONWriter) {
        json.beginObject()
        json.integer(worker.id, "id")
        json.integer(worker.pid, "pid")
        json.string(worker.state, "state")
        json.string(worker.role, "role")
        json.integer(worker.generation, "generation")
        json.string(worker.isASGI ? "asgi" : "wsgi", "interface")
        json.integer(worker.threads, "threads")
        json.integer(worker.busyThreads, "busy_threads")
        if let sessions = worker.sessions { json.integer(sessions, "sessions") }
        json.integer(worker.requests, "requests")
        json.integer(worker.webSockets, "websockets")
        if !worker.appPools.isEmpty {
            json.beginObject("app_pools")
            for pool in worker.appPools {
                json.beginObject(pool.name)
                json.integer(pool.threads, "threads")
                json.integer(pool.busy, "busy")
                json.integer(pool.waiting, "waiting")
                json.endObject()
            }
            json.endObject()
        }
        json.seconds(nanoseconds: worker.uptime.clampedNanoseconds, "uptime_seconds")
        json.integer(worker.residentBytes, "resident_bytes")
        json.endObject()
    }

    private static func write(_ server: ServerMetrics, to json: inout JSONWriter) {
        json.beginObject("requests")
        json.integer(server.requests.total, "total")
        json.beginObject("by_status")
        var rest = server.requests.entries[...]
        while let status = rest.first?.status {
            let same = rest.prefix { $0.status == status }
            json.integer(same.reduce(0) { $0 &+ $1.count }, String(status))
            rest = rest.dropFirst(same.count)
        }
        json.endObject()
        json.endObject()

        write(server.refused, "refused", to: &json)
        write(server.clientsLeft, "clients_left", to: &json)
        write(server.queueTime, "queue_seconds", to: &json)
        write(server.serviceTime, "service_seconds", to: &json)

        json.integer(server.requestBytes, "request_bytes")
        json.integer(server.responseBytes, "response_bytes")
        json.beginObject("connections")
        json.integer(server.openConnections, "open")
        json.integer(server.openedConnections, "opened")
        json.integer(server.failedConnections, "failed")
        json.endObject()
        json.beginObject("websockets")
        json.integer(server.webSockets.open, "open")
        json.integer(server.webSockets.opened, "opened")
        json.integer(server.webSockets.receivedMessages, "messages_in")
        json.integer(server.webSockets.sentMessages, "messages_out")
        json.integer(server.webSockets.receivedBytes, "bytes_in")
        json.integer(server.webSockets.sentBytes, "bytes_out")
        write(server.webSockets.closes, "closed", to: &json)
        json.endObject()
        json.integer(server.workerRestarts, "worker_restarts")
        json.integer(server.workerProtocolErrors, "worker_protocol_errors")
        write(server.recycles, "worker_recycles", to: &json)
        write(server.reloads, "reloads", to: &json)
    }

    private static func write(_ counter: LabelledCounter, _ key: String, to json: inout JSONWriter) {
        json.beginObject(key)
        for (label, count) in zip(counter.labels, counter.counts) {
            json.integer(count, label)
        }
        json.endObject()
    }

    private static func write(_ histogram: Histogram, _ key: String, to json: inout JSONWriter) {
        json.beginObject(key)
        json.integer(histogram.count, "count")
        json.seconds(nanoseconds: histogram.sumNanoseconds, "sum")
        json.seconds(nanoseconds: histogram.quantile(0.5), "p50")
        json.seconds(nanoseconds: histogram.quantile(0.95), "p95")
        json.seconds(nanoseconds: histogram.quantile(0.99), "p99")
        json.seconds(nanoseconds: histogram.count > 0 ? histogram.maximumNanoseconds : nil, "maximum")
        json.endObject()
    }
}
