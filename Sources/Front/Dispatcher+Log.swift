internal import Logging
internal import Telemetry
internal import WorkerLink
internal import Workers

/// What workers say for the log.
extension Dispatcher {
    /// Takes a piece of a line of the app, which belongs to the request with that number, or to none.
    func log(_ mark: UInt8, _ text: UnsafeRawBufferPointer, _ request: UInt64?, _ seat: WorkerSeat) {
        for line in seat.appLines.append(LogMark(mark), text, request: request ?? 0) {
            write(line, request, seat)
        }
    }

    private func write(_ line: AppLines.Line, _ request: UInt64?, _ seat: WorkerSeat) {
        let id = request.map { requestIDs.text($0) }
        let worker = String(seat.worker.index + 1)
        guard line.level >= 4 else {
            // The worker's own, which the server's level bounds.
            var metadata: Logger.Metadata = ["worker": "\(worker)"]
            if let id { metadata["request"] = "\(id)" }
            return logger.log(
                level: Logger.Level.allCases[Int(min(line.level, 3))],
                "app: \(String(decoding: line.bytes, as: UTF8.self))",
                metadata: metadata
            )
        }
        appLog(
            AppLine(
                source: .app,
                level: line.level == 4 ? .warning : .error,
                worker: worker,
                request: id,
                bytes: line.bytes,
                part: line.part,
                goesOn: line.goesOn
            )
        )
    }
}
