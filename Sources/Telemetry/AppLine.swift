/// One line of the app, or one traceback, as it came.
///
/// It belongs to the app: the level that bounds the server's own lines has no say about it.
public struct AppLine: Sendable, Equatable {
    /// Where the app wrote it.
    public enum Source: String, Sendable {
        case stdout
        case stderr
        /// `wsgi.errors`, or an error that the app let out.
        case app
    }

    /// How grave it is.
    public enum Level: String, Sendable {
        case info
        case warning
        case error
    }

    /// Where the app wrote it.
    public var source: Source
    /// How grave it is.
    public var level: Level
    /// The worker's number from 1, or `template`.
    public var worker: String
    /// The id of the request it belongs to; nil when that is not known.
    public var request: String?
    /// What was written, without its line feed.
    public var bytes: [UInt8]
    /// 1 for the second piece of a line that was too long for one record, and so on; 0 for a whole line.
    public var part: Int
    /// Whether the line goes on in the next piece.
    public var goesOn: Bool

    /// Creates a line.
    public init(
        source: Source,
        level: Level,
        worker: String,
        request: String? = nil,
        bytes: [UInt8],
        part: Int = 0,
        goesOn: Bool = false
    ) {
        self.source = source
        self.level = level
        self.worker = worker
        self.request = request
        self.bytes = bytes
        self.part = part
        self.goesOn = goesOn
    }

    /// Whether it is a piece of a line that was too long.
    public var isPiece: Bool { part > 0 || goesOn }
}
