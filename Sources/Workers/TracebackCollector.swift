/// Puts the lines of one traceback together again, so that it is one record of the log.
///
/// Chained tracebacks belong together. What the lines say stays as it is, byte for byte.
struct TracebackCollector: Sendable {
    /// The most bytes that are kept back.
    static let maximumBytes = 1 << 20

    private enum State {
        case outside
        case inside
        /// Behind the line of the error: a blank line and a sentence may lead to the next traceback.
        case behind
        case behindBlank
        case betweenTracebacks
    }

    private var state = State.outside
    private var kept: [UInt8] = []

    /// Whether lines are kept back.
    var isCollecting: Bool { state != .outside }

    /// Takes a line and calls `onLine` for what is complete.
    mutating func append(_ line: WorkerLine, onLine: (WorkerLine) -> Void) {
        guard !line.goesOn, line.part == 0, kept.count + line.bytes.count < Self.maximumBytes else {
            finish(onLine: onLine)
            return onLine(line)
        }
        let bytes = line.bytes
        if state == .outside {
            guard Self.begins(bytes) else { return onLine(line) }
            kept = bytes
            state = .inside
            return
        }
        guard let next = next(bytes) else {
            finish(onLine: onLine)
            return append(line, onLine: onLine)
        }
        kept.append(0x0A)
        kept += bytes
        state = next
    }

    /// Hands on what is kept back.
    mutating func finish(onLine: (WorkerLine) -> Void) {
        guard state != .outside else { return }
        state = .outside
        onLine(WorkerLine(bytes: kept, isTraceback: true))
        kept = []
    }

    /// The state behind a line; nil when it does not belong to the traceback.
    private func next(_ line: [UInt8]) -> State? {
        let isBlank = line.isEmpty || line == [0x0D]
        switch state {
        case .outside: return nil
        case .inside:
            if isBlank { return .inside }
            return line[0] == 0x20 || line[0] == 0x09 ? .inside : .behind
        case .behind:
            return isBlank ? .behindBlank : nil
        case .behindBlank:
            return line.starts(with: "During handling of the above".utf8)
                || line.starts(with: "The above exception was".utf8) ? .betweenTracebacks : nil
        case .betweenTracebacks:
            return isBlank ? .betweenTracebacks : Self.begins(line) ? .inside : nil
        }
    }

    private static func begins(_ line: [UInt8]) -> Bool {
        line.starts(with: "Traceback (most recent call last):".utf8)
            || line.starts(with: "  + Exception Group Traceback (most recent".utf8)
    }
}
