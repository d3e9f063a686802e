import Logging
import Telemetry

/// One event, ready to be written.
struct LogLine {
    /// The most bytes of text one event may have; a longer one is cut, so that one event never fills the ring.
    static let maximumTextBytes = 32 * 1024

    var time: UTCTime
    var level: Logger.Level
    var message: String
    var values: [(key: String, value: String)]
    /// The most bytes of a text here; the app's lines have a bound of their own.
    var limit = LogLine.maximumTextBytes
    /// Whether the level is coloured, for a terminal.
    var isColoured = false

    init(time: UTCTime, level: Logger.Level, message: String, values: [(key: String, value: String)]) {
        self.time = time
        self.level = level
        self.message = message
        self.values = values
    }

    /// The text form, ending in a line feed.
    var text: String {
        var line = "\(time.rfc3339) \(levelText) "
        var below = ""
        let (first, rest) = Self.parts(cut(message))
        line += EscapedText.line(first)
        below += Self.indented(rest)
        for (key, value) in values {
            line += " " + EscapedText.line(key) + "="
            let value = cut(value)
            if value.utf8.contains(0x0A) {
                below += Self.indented(value)
            } else {
                line += EscapedText.value(value)
            }
        }
        return line + "\n" + below
    }

    /// The JSON form: one object, ending in a line feed; the values stand beside `time`, `level` and `message`, and one
    /// that has such a name gets a `_` behind it.
    var json: String {
        var json = JSONWriter()
        json.beginObject()
        json.string(time.rfc3339, "time")
        json.string(level.rawValue, "level")
        json.string(cut(message), "message")
        for (key, value) in values {
            json.string(cut(value), ["time", "level", "message"].contains(key) ? key + "_" : key)
        }
        json.endObject()
        return json.text + "\n"
    }

    private var levelText: String {
        let word = level.rawValue.uppercased()
        guard isColoured else { return word }
        switch level {
        case .critical, .error: return "\u{1B}[1;31m\(word)\u{1B}[0m"
        case .warning, .notice: return "\u{1B}[33m\(word)\u{1B}[0m"
        case .info: return "\u{1B}[32m\(word)\u{1B}[0m"
        case .debug, .trace: return "\u{1B}[2m\(word)\u{1B}[0m"
        }
    }

    private func cut(_ text: String) -> String {
        guard text.utf8.count > limit else { return text }
        let kept = String(decoding: text.utf8.prefix(limit), as: UTF8.self)
        return kept + "… (\(text.utf8.count - limit) bytes more)"
    }

    private static func parts(_ text: String) -> (first: String, rest: String) {
        guard let end = text.unicodeScalars.firstIndex(of: "\n") else { return (text, "") }
        let scalars = text.unicodeScalars
        return (String(scalars[..<end]), String(scalars[scalars.index(after: end)...]))
    }

    private static func indented(_ text: String) -> String {
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        while let last = lines.last, last.isEmpty { lines.removeLast() }
        return lines.map { "  | " + tabbed(String($0)) + "\n" }.joined()
    }

    /// Tabs of source lines in a traceback may stay; everything else that is unsafe may not.
    private static func tabbed(_ line: String) -> String {
        line.unicodeScalars.split(separator: "\t", omittingEmptySubsequences: false)
            .map { EscapedText.line(String($0)) }.joined(separator: "\t")
    }
}

extension LogLine {
    /// A notice of the log's writer as an event.
    init(notice: BoundedLogWriter.Notice, time: UTCTime) {
        switch notice {
        case .dropped(let count):
            self.init(
                time: time,
                level: .warning,
                message: "log lines dropped: the log's reader stalled, or writing failed",
                values: [(key: "count", value: String(count))]
            )
        case .keptOldFile(let error):
            self.init(
                time: time,
                level: .error,
                message: "the log keeps its old file: the new one cannot be opened",
                values: [(key: "error", value: error.reason)]
            )
        }
    }
}
