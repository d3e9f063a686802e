internal import NIOCore

/// The lines of one output of a worker, on the pool's event loop.
///
/// Confined to that loop.
final class OutputLines {
    /// The bytes of one read(2).
    static let readBytes = 16 << 10
    /// How long a traceback may keep back a line behind which nothing comes.
    private static let patience = TimeAmount.milliseconds(100)

    private let eventLoop: any EventLoop
    private let collectsTracebacks: Bool
    private let onLine: (WorkerLine) -> Void
    private var splitter = LineSplitter()
    private var tracebacks = TracebackCollector()
    private var appends: UInt64 = 0

    init(_ eventLoop: any EventLoop, collectsTracebacks: Bool, onLine: @escaping (WorkerLine) -> Void) {
        self.eventLoop = eventLoop
        self.collectsTracebacks = collectsTracebacks
        self.onLine = onLine
    }

    /// Takes what was read.
    func append(_ bytes: ByteBufferView) {
        appends &+= 1
        splitter.append(bytes) { take($0) }
        guard tracebacks.isCollecting else { return }
        let count = appends
        eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { [weak self] in
            guard let self, appends == count else { return }
            tracebacks.finish(onLine: onLine)
        }
    }

    /// The last writer has gone.
    func finish() {
        splitter.finish { take($0) }
        tracebacks.finish(onLine: onLine)
    }

    private func take(_ line: WorkerLine) {
        if collectsTracebacks { tracebacks.append(line, onLine: onLine) } else { onLine(line) }
    }
}
