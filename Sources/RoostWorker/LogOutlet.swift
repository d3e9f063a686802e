internal import CPython
internal import Glibc
internal import WorkerLink

/// The first byte of a ``FrameKind/log`` frame: swift-log's levels, counted from 0 for trace.
enum LogLevel: UInt8 {
    case debug = 1
    case warning = 4
    case error = 5
}

/// Where a lane's lines for the log go: to the front, as frames between those of the responses.
///
/// Guarded by the GIL.
// @unchecked: see above.
final class LogOutlet: @unchecked Sendable {
    /// How often a line is tried again, a millisecond apart, before it is dropped: the log must not stop the
    /// application.
    private static let patience = 20

    private let writer: LaneWriter
    private let chunkBytes: Int
    /// Lines lost because the front had no room for them, since the last one that went through.
    private var dropped = 0

    /// Creates the outlet of a lane whose frames have at most `chunkBytes` of payload.
    init(_ writer: LaneWriter, chunkBytes: Int) {
        self.writer = writer
        self.chunkBytes = chunkBytes
    }

    /// Writes a line, which belongs to `stream`, or to none if that is 0: in as many frames as it takes.
    ///
    /// `continues` says that it began with the line before, `goesOn` that the next one belongs to it.
    ///
    /// Needs the GIL, and lets it go while the front has no room.
    func send(
        _ level: LogLevel,
        _ text: UnsafeRawBufferPointer,
        of stream: UInt64,
        continues: Bool = false,
        goesOn: Bool = false
    ) {
        if WorkerProcess.isInert { return sendInChild(text) }
        if dropped > 0 {
            var note = "\(dropped) lines of the log were dropped: the front had no room for them"
            if note.withUTF8({ trySend(Self.note, UnsafeRawBufferPointer($0), stream) }) { dropped = 0 }
        }
        var rest = text
        var mark = LogMark(level: level.rawValue, continues: continues, goesOn: goesOn)
        repeat {
            let piece = UnsafeRawBufferPointer(rebasing: rest[..<min(rest.count, chunkBytes - 1)])
            rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
            mark.goesOn = goesOn || !rest.isEmpty
            guard sendPatiently(mark, piece, stream) else {
                dropped += 1
                return
            }
            mark.continues = true
        } while !rest.isEmpty
    }

    private func sendPatiently(_ mark: LogMark, _ text: UnsafeRawBufferPointer, _ stream: UInt64) -> Bool {
        for attempt in 0... {
            if trySend(mark, text, stream) { return true }
            if attempt == Self.patience { break }
            let state = PyEval_SaveThread()
            usleep(1000)
            PyEval_RestoreThread(state)
        }
        return false
    }

    /// Writes a message of ours.
    func send(_ level: LogLevel, _ message: String, of stream: UInt64) {
        var message = message
        message.withUTF8 { send(level, UnsafeRawBufferPointer($0), of: stream) }
    }

    /// A forked child's line goes where its standard error goes: into the front's log, but for the request's id.
    private func sendInChild(_ text: UnsafeRawBufferPointer) {
        let line = [UInt8](text) + [UInt8(ascii: "\n")]
        // At once, so that lines of several processes stay whole.
        _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static let note = LogMark(level: LogLevel.warning.rawValue, continues: false, goesOn: false)

    private func trySend(_ mark: LogMark, _ text: UnsafeRawBufferPointer, _ stream: UInt64) -> Bool {
        // Held by a thread that writes a long body without the GIL: that is as good as no room.
        writer.sendIfIdle(.log, stream: stream, count: 1 + text.count) { place in
            guard let base = place.baseAddress else { return }
            base.storeBytes(of: mark.byte, as: UInt8.self)
            if let source = text.baseAddress { (base + 1).copyMemory(from: source, byteCount: text.count) }
        }
    }
}
