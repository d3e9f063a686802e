/// The path below which an application is mounted, and which paths of requests have it.
///
/// A proxy may take it off or leave it on: what begins with it is whole, and anything else lacks it. Front and worker
/// judge alike.
public struct RootPath: Sendable, Hashable {
    /// Its bytes, with a slash in front and none behind; empty for an application that is not mounted anywhere.
    public let bytes: [UInt8]

    /// Creates it; without bytes, the root path that is none.
    public init(_ bytes: some Sequence<UInt8> = []) {
        self.bytes = Array(bytes)
    }

    /// Whether there is none.
    public var isEmpty: Bool { bytes.isEmpty }

    /// Returns how many bytes at the beginning of a path are the root path: all of it, or 0.
    public func byteCount(in path: UnsafeRawBufferPointer) -> Int {
        let count = bytes.count
        guard count > 0, path.count >= count, path.prefix(count).elementsEqual(bytes) else { return 0 }
        return path.count == count || path[count] == UInt8(ascii: "/") ? count : 0
    }

    /// Returns whether a path lacks the root path; one without a slash, such as the `*` of OPTIONS, is no path.
    public func isMissing(in path: UnsafeRawBufferPointer) -> Bool {
        !isEmpty && path.first == UInt8(ascii: "/") && byteCount(in: path) == 0
    }

    /// Returns what a path is below the root path, whether or not it has that.
    public func rest(of path: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let count = byteCount(in: path)
        guard count > 0, count == path.count else { return UnsafeRawBufferPointer(rebasing: path[count...]) }
        let slash: StaticString = "/"
        return UnsafeRawBufferPointer(start: slash.utf8Start, count: 1)
    }
}
