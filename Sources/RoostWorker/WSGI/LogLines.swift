/// What is written to `wsgi.errors` until a line of it is complete.
///
/// Guarded by the GIL.
struct LogLines {
    /// The longest piece that goes to the front at once; longer lines go in several, which it puts together.
    static let longest = 8 << 10

    /// A line, or a piece of one.
    struct Piece {
        var text: UnsafeRawBufferPointer
        /// Whether the line began in an earlier piece.
        var continues: Bool
        /// Whether it goes on in a later one.
        var goesOn: Bool
    }

    private(set) var pending: [UInt8] = []
    /// Whether a piece of this line has gone already.
    private(set) var continues = false

    /// Takes more text and calls `emit` for each complete line, without its line break.
    mutating func append(_ text: UnsafeRawBufferPointer, emit take: (Piece) -> Void) {
        var rest = text
        while !rest.isEmpty {
            let lineEnd = rest.firstIndex(of: UInt8(ascii: "\n"))
            let room = Self.longest - pending.count
            let count = min(lineEnd ?? rest.count, room)
            let piece = UnsafeRawBufferPointer(rebasing: rest[..<count])
            let isComplete = count == lineEnd
            if pending.isEmpty, isComplete || count == room {
                emit(piece, goesOn: !isComplete, take)
            } else {
                pending.append(contentsOf: piece)
                if isComplete || pending.count >= Self.longest { flush(goesOn: !isComplete, take) }
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[(count + (isComplete ? 1 : 0))...])
        }
    }

    private mutating func emit(_ text: UnsafeRawBufferPointer, goesOn: Bool, _ take: (Piece) -> Void) {
        take(Piece(text: text, continues: continues, goesOn: goesOn))
        continues = goesOn
    }

    /// Calls `emit` for what is left of a line.
    mutating func flush(goesOn: Bool = false, _ take: (Piece) -> Void) {
        guard !pending.isEmpty || continues else { return }
        let text = pending
        text.withUnsafeBytes { emit($0, goesOn: goesOn, take) }
        pending.removeAll(keepingCapacity: true)
    }
}

extension LogLines {
    /// Puts back what was taken out, behind which others may have written meanwhile.
    mutating func restore(_ taken: LogLines) {
        if taken.continues { continues = true }
        if pending.isEmpty { pending = taken.pending } else { pending.insert(contentsOf: taken.pending, at: 0) }
    }
}
