internal import Logging
public import Telemetry

/// Writes the app's own lines, whatever level bounds the server's.
public struct AppLog: Sendable {
    /// What becomes of a line.
    public enum Form: Sendable, Equatable {
        /// A record of the server's log, in text.
        case text
        /// A record of the server's log, in JSON; a line that is a JSON object stands in it untouched, as `app`.
        case json
        /// Byte for byte.
        case raw
        /// For people at a terminal: as it is, but for what would move the cursor; colours stay.
        case terminal
        /// Not written, but for the errors that the app lets out.
        case off(isJSON: Bool)
    }

    private let writer: BoundedLogWriter
    private let form: Form
    private let now: RoostLogHandler.Now

    /// Creates the app's log, which shares its writer with the server's.
    public init(
        writer: BoundedLogWriter,
        form: Form,
        now: @escaping RoostLogHandler.Now = RoostLogHandler.wallClock
    ) {
        self.writer = writer
        self.form = form
        self.now = now
    }

    /// Writes a line, from any thread.
    ///
    /// Never blocks.
    public func write(_ line: AppLine) {
        guard let bytes = Self.rendered(line, as: form, at: now()) else { return }
        bytes.withUnsafeBytes { _ = writer.write($0) }
    }

    /// The bytes of a line in `form`, ending in a line feed; nil when it is not to be written.
    public static func rendered(_ line: AppLine, as form: Form, at time: UTCTime) -> [UInt8]? {
        switch form {
        case .raw: raw(line)
        case .text: Array(record(line, at: time).text.utf8)
        case .json: Array(json(line, at: time).utf8)
        case .terminal: Array(terminal(line, at: time).utf8)
        case .off(let isJSON):
            line.source == .app && line.level == .error
                ? rendered(line, as: isJSON ? .json : .text, at: time) : nil
        }
    }

    private static func raw(_ line: AppLine) -> [UInt8] {
        var bytes: [UInt8] = line.part > 0 ? Array("(roost: the line before goes on) ".utf8) : []
        bytes += line.bytes
        if line.goesOn { bytes += Array(" (roost: the line goes on)".utf8) }
        bytes.append(0x0A)
        return bytes
    }

    private static func text(_ line: AppLine) -> String {
        String(decoding: line.bytes.last == 0x0D ? line.bytes.dropLast() : line.bytes[...], as: UTF8.self)
    }

    private static func record(_ line: AppLine, at time: UTCTime) -> LogLine {
        record(line, at: time, message: "\(line.source.rawValue): \(text(line))")
    }

    private static func record(_ line: AppLine, at time: UTCTime, message: String) -> LogLine {
        var values: [(key: String, value: String)] = []
        if line.isPiece { values.append(("part", line.goesOn ? "\(line.part + 1)" : "\(line.part + 1), the last")) }
        if let request = line.request { values.append(("request", request)) }
        values.append(("worker", line.worker))
        var record = LogLine(time: time, level: .info, message: message, values: values)
        record.level =
            switch line.level {
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        record.limit = .max
        return record
    }

    private static func json(_ line: AppLine, at time: UTCTime) -> String {
        guard !line.isPiece, let object = JSONObjectText.text(of: line.bytes) else {
            return record(line, at: time).json
        }
        var json = JSONWriter()
        json.beginObject()
        json.string(time.rfc3339, "time")
        json.string(line.level.rawValue, "level")
        json.string(line.source.rawValue, "source")
        json.string(line.worker, "worker")
        if let request = line.request { json.string(request, "request") }
        json.untouched(object, "app")
        json.endObject()
        return json.text + "\n"
    }

    private static func terminal(_ line: AppLine, at time: UTCTime) -> String {
        let body = text(line).split(separator: "\n", omittingEmptySubsequences: false)
            .map { TerminalText.harmless(String($0)) + "\n" }.joined()
        guard line.level == .error else { return body }
        var head = record(line, at: time, message: "the app has raised an error")
        head.isColoured = true
        return head.text + body
    }
}
