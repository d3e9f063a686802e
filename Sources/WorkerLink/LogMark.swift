/// The first byte of a ``FrameKind/log`` frame: the level, and whether the line goes on in other frames.
public struct LogMark: Sendable, Equatable {
    /// swift-log's levels, counted from 0 for trace; no more than 6.
    public var level: UInt8
    /// Whether the line began in an earlier frame of the same request.
    public var continues: Bool
    /// Whether the line goes on in a later one.
    public var goesOn: Bool

    /// Creates a mark.
    public init(level: UInt8, continues: Bool, goesOn: Bool) {
        self.level = level
        self.continues = continues
        self.goesOn = goesOn
    }

    /// Reads the byte, whatever it is.
    public init(_ byte: UInt8) {
        self.init(level: min(byte & 0x0F, 6), continues: byte & 0x40 != 0, goesOn: byte & 0x80 != 0)
    }

    /// The byte.
    public var byte: UInt8 { level | (continues ? 0x40 : 0) | (goesOn ? 0x80 : 0) }
}
