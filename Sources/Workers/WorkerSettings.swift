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
        let geometry = geometry
        return FlatJSON.text([
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
        ])
    }
}
