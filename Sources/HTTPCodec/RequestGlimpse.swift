/// What can be understood of a request that is refused: the parts of its first line, as far as they are there.
///
/// For the log alone. Nothing is judged here, and every part has a bound.
public struct RequestGlimpse: Sendable, Equatable {
    /// The most bytes of a method.
    public static let methodBytes = 32
    /// The most bytes of a target.
    public static let targetBytes = 1024
    /// The most bytes of a version.
    public static let versionBytes = 16

    /// The first word.
    public var method: [UInt8] = []
    /// The second.
    public var target: [UInt8] = []
    /// The last of three or more; empty when there is none.
    public var version: [UInt8] = []

    /// Looks at the bytes that have come.
    public init(_ bytes: UnsafeRawBufferPointer) {
        // Blank lines before a request are passed over, as by the parser.
        let rest = bytes.prefix(64 << 10).drop { $0 == 0x0D || $0 == 0x0A }
        let line = rest.prefix { $0 != 0x0D && $0 != 0x0A }
        let method = line.prefix { $0 != 0x20 }
        self.method = Array(method.prefix(Self.methodBytes))
        let behind = line[method.endIndex...].drop { $0 == 0x20 }
        guard !behind.isEmpty else { return }
        let isWhole = line.endIndex < rest.endIndex
        if isWhole, let space = behind.lastIndex(of: 0x20), behind[(space + 1)...].starts(with: "HTTP/".utf8) {
            target = Array(behind[..<space].prefix(Self.targetBytes))
            version = Array(behind[(space + 1)...].prefix(Self.versionBytes))
        } else {
            target = Array(behind.prefix(Self.targetBytes))
        }
    }
}
