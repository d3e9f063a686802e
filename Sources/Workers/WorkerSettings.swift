internal import RequestQueue
internal import WorkerLink

extension WorkerPoolConfiguration {
    /// The memory layout of each worker's link.
    var geometry: LinkGeometry {
        LinkGeometry(lanes: lanes, requestRingBytes: requestRingBytes, responseRingBytes: responseRingBytes)
    }

    /// The lanes of each worker's link, which is the most threads it can have.
    var lanes: Int { min(max(threads, maximumThreads, 1), LinkGeometry.maximumLanes) }

    /// What the worker at position `index` is told: the JSON of its `ROOST_WORKER` variable.
    func settings(forWorkerAt index: Int) -> String {
        FlatJSON.text(settings(at: index))
    }

    /// What the template is told in the same way: the settings of a worker, and which process is to be the parent of
    /// what it forks.
    func settings(forTemplateOf front: Int32) -> String {
        FlatJSON.text(settings(at: 0) + [("template", .boolean(true)), ("front", .integer(Int(front)))])
    }

    private func settings(at index: Int) -> [(name: String, value: FlatJSON.Value)] {
        let geometry = geometry
        return [
            ("target", .string(target)),
            ("app_dir", .string(applicationDirectory)),
            ("threads", .integer(min(max(threads, 1), geometry.lanes))),
            ("lanes", .integer(geometry.lanes)),
            ("processes", .integer(max(processes, 1))),
            ("request_ring", .integer(geometry.requestRingBytes)),
            ("response_ring", .integer(geometry.responseRingBytes)),
            ("worker", .integer(index)),
            ("switch_interval", .integer(Int(clamping: Nanoseconds(switchInterval).count / 1000))),
            ("library", .string(library)),
            ("server_software", .string(serverSoftware)),
            ("root_path", .string(rootPath)),
            ("secret", .string(secret)),
            ("max_body", .integer(maximumBodyBytes)),
            ("max_message", .integer(maximumMessageBytes)),
            ("interface", .string(interface?.rawValue ?? "auto")),
            ("concurrency", .integer(max(concurrency, 1))),
            ("event_loop", .string(eventLoop)),
        ] + (scriptArguments.isEmpty ? [] : [("script_arguments", .string(scriptArguments.joined(separator: "\0")))])
    }
}
