internal import WorkerLink

/// Puts the pieces of an app's lines together that came in several frames.
///
/// Every byte is a stranger's: what is kept has bounds, and what is out of place is handed on as a piece.
struct AppLines {
    /// The longest line; a longer one is handed on in pieces that say so.
    static let maximumBytes = 1 << 20
    /// How many requests may have the beginning of a line here.
    static let maximumPending = 16

    /// A line, or a piece of one.
    struct Line: Equatable {
        var level: UInt8
        var bytes: [UInt8]
        var part = 0
        var goesOn = false
    }

    private var pending: [UInt64: Line] = [:]

    /// Takes the payload of a frame; returns what is complete.
    mutating func append(_ mark: LogMark, _ text: UnsafeRawBufferPointer, request: UInt64) -> [Line] {
        var lines: [Line] = []
        var line = Line(level: mark.level, bytes: [])
        if var begun = pending.removeValue(forKey: request) {
            if mark.continues, begun.level == mark.level {
                line = begun
            } else {
                begun.goesOn = begun.bytes.count > 0
                if begun.goesOn { lines.append(begun) }
            }
        }
        line.bytes += text
        if !mark.goesOn {
            if line.bytes.last == 0x0A { line.bytes.removeLast() }
            lines.append(line)
        } else if line.bytes.count >= Self.maximumBytes || pending.count >= Self.maximumPending {
            line.goesOn = true
            lines.append(line)
            line = Line(level: line.level, bytes: [], part: line.part + 1)
            if pending.count < Self.maximumPending { pending[request] = line }
        } else {
            pending[request] = line
        }
        return lines
    }
}
