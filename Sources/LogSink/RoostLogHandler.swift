import Glibc
public import Logging
public import Telemetry

/// Renders swift-log's events as lines and hands them to a ``BoundedLogWriter``.
///
/// Messages are constant sentences, values are metadata. Text form:
///
///     2026-11-22T16:20:01.123Z INFO worker is ready pid=4242 worker=1
///
/// Nothing inside an event can begin a line that looks like another event: controls are escaped, and a value of several
/// lines (a traceback) follows below, each line behind `  | `.
public struct RoostLogHandler: LogHandler {
    /// The form of the lines.
    public enum Format: String, Sendable, CaseIterable {
        case text
        /// One JSON object a line.
        case json
    }

    /// The wall clock.
    public typealias Now = @Sendable () -> UTCTime

    /// The least severe level that is written.
    public var logLevel: Logger.Level
    /// Values that every line has.
    public var metadata: Logger.Metadata = [:]
    /// Values of the task that logs.
    public var metadataProvider: Logger.MetadataProvider?

    private let writer: BoundedLogWriter
    private let format: Format
    private let isColoured: Bool
    private let now: Now

    /// Creates a handler that writes to `writer`.
    ///
    /// - Parameters:
    ///   - writer: takes the lines; shared with the access log when both go to the same place.
    ///   - format: the form of the lines.
    ///   - logLevel: the least severe level that is written. The default is `info`.
    ///   - metadataProvider: values of the task that logs.
    ///   - isColoured: whether levels are coloured in text, for a terminal.
    ///   - now: the wall clock.
    public init(
        writer: BoundedLogWriter,
        format: Format = .text,
        logLevel: Logger.Level = .info,
        metadataProvider: Logger.MetadataProvider? = nil,
        isColoured: Bool = false,
        now: @escaping Now = RoostLogHandler.wallClock
    ) {
        self.writer = writer
        self.format = format
        self.logLevel = logLevel
        self.metadataProvider = metadataProvider
        self.isColoured = isColoured
        self.now = now
    }

    /// `CLOCK_REALTIME`.
    public static let wallClock: Now = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UTCTime(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }

    /// One item of ``metadata``.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one event.
    public func log(event: LogEvent) {
        var values = metadata
        if let provided = metadataProvider?.get() { values.merge(provided) { $1 } }
        if let own = event.metadata { values.merge(own) { $1 } }
        if let error = event.error { values["error"] = "\(error)" }
        let sorted = values.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value.description) }
        var line = LogLine(time: now(), level: event.level, message: event.message.description, values: sorted)
        line.isColoured = isColoured
        writer.write(format == .text ? line.text : line.json)
    }

    /// The writer's own notices in the form of `format`, for ``BoundedLogWriter/init(to:capacity:noticeLine:)``.
    public static func noticeLine(
        _ format: Format,
        now: @escaping Now = RoostLogHandler.wallClock
    ) -> BoundedLogWriter.NoticeLine {
        switch format {
        case .text: BoundedLogWriter.textNoticeLine
        case .json: { notice in LogLine(notice: notice, time: now()).json }
        }
    }
}
