/// What is written to `wsgi.errors` until a line of it is complete.
///
/// Guarded by the GIL.
struct LogLines {
    /// The longest piece that goes to the front at once; longer lines are split.
    static let longest = 8 << 10

    private(set) var pending: [UInt8] = []

    /// Takes more text and calls `emit` for each complete line, without its line break.
    mutating func append(_ text: UnsafeRawBufferPointer, emit: (UnsafeRawBufferPointer) -> Void) {
        var rest = text
        while !rest.isEmpty {
            let lineEnd = rest.firstIndex(of: UInt8(ascii: "\n"))
            let room = Self.longest - pending.count
            let count = min(lineEnd ?? rest.count, room)
            let piece = UnsafeRawBufferPointer(rebasing: rest[..<count])
            let isComplete = count == lineEnd
            if pending.isEmpty, isComplete || count == room {
                emit(piece)
            } else {
                pending.append(contentsOf: piece)
                if isComplete || pending.count >= Self.longest { flush(emit) }
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[(count + (isComplete ? 1 : 0))...])
        }
    }

    /// Calls `emit` for what is left of a line.
    mutating func flush(_ emit: (UnsafeRawBufferPointer) -> Void) {
        guard !pending.isEmpty else { return }
        pending.withUnsafeBytes(emit)
        pending.removeAll(keepingCapacity: true)
    }
}

extension LogLines {
    /// Puts back what was taken out, behind which others may have written meanwhile.
    mutating func restore(_ taken: LogLines) {
        if pending.isEmpty { pending = taken.pending } else { pending.insert(contentsOf: taken.pending, at: 0) }
    }
}
