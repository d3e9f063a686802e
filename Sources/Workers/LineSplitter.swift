/// What a process wrote: one line, or a traceback of several.
public struct WorkerLine: Sendable, Equatable {
    /// The bytes, without the last line feed.
    public var bytes: [UInt8]
    /// The number of this piece, from 0, of a line that was too long.
    public var part = 0
    /// Whether the line goes on in another piece.
    public var goesOn = false
    /// Whether it is a traceback.
    public var isTraceback = false

    /// The text; bytes that are no UTF-8 become U+FFFD.
    public var text: String {
        String(decoding: bytes.last == 0x0D ? bytes.dropLast() : bytes[...], as: UTF8.self)
    }
}

/// Cuts what a process writes into lines, of bounded length, whatever the bytes are.
struct LineSplitter: Sendable {
    /// The longest line, in bytes; a longer one is handed on in pieces that say so.
    static let maximumBytes = 1 << 20

    private var pending: [UInt8] = []
    private var part = 0

    /// Takes more bytes and calls `onLine` for each line that they complete, without its line feed.
    mutating func append(_ bytes: some Collection<UInt8>, onLine: (WorkerLine) -> Void) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            var piece = rest[..<(end ?? rest.endIndex)]
            while !piece.isEmpty {
                if pending.count == Self.maximumBytes { flush(goesOn: true, onLine) }
                let some = piece.prefix(Self.maximumBytes - pending.count)
                pending.append(contentsOf: some)
                piece = piece[some.endIndex...]
            }
            guard let end else { return }
            flush(goesOn: false, onLine)
            rest = rest[rest.index(after: end)...]
        }
    }

    /// Hands on a last line that has no end, if there is one.
    mutating func finish(onLine: (WorkerLine) -> Void) {
        if !pending.isEmpty { flush(goesOn: false, onLine) }
    }

    private mutating func flush(goesOn: Bool, _ onLine: (WorkerLine) -> Void) {
        onLine(WorkerLine(bytes: pending, part: part, goesOn: goesOn))
        part = goesOn ? part + 1 : 0
        // Memory for a long line is not kept for the short ones.
        pending.removeAll(keepingCapacity: pending.capacity <= 64 << 10)
    }
}
