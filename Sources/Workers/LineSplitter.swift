/// Cuts what a process writes into lines, of bounded length, whatever the bytes are.
struct LineSplitter: Sendable {
    /// The longest line, in bytes; a longer one is handed on in pieces.
    static let maximumBytes = 8 << 10

    private var pending: [UInt8] = []

    /// Takes more bytes and calls `onLine` for each line that they complete, without its line end.
    ///
    /// Bytes that are no UTF-8 become U+FFFD.
    mutating func append(_ bytes: some Collection<UInt8>, onLine: (String) -> Void) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
                flush(onLine)
            } else {
                if pending.count == Self.maximumBytes { flush(onLine) }
                pending.append(byte)
            }
        }
    }

    /// Hands on a last line that has no end, if there is one.
    mutating func finish(onLine: (String) -> Void) {
        if !pending.isEmpty { flush(onLine) }
    }

    private mutating func flush(_ onLine: (String) -> Void) {
        onLine(String(decoding: pending, as: UTF8.self))
        pending.removeAll(keepingCapacity: true)
    }
}
