/// Learns which paths open pages, for clients that do not say so.
///
/// A browser says it in `Sec-Fetch-Dest`. Where nothing is said there is still the connection: a page's document is the
/// first request of a fresh connection, and what the page then asks for mostly comes on one that has been used. So a path
/// that is nearly always asked for first opens pages, provided there are others that are not. Behind a proxy, whose
/// connections serve everybody or one request each, all paths look alike, and none is taken to open pages.
///
/// ```
/// 256 places by hash of the path: tag · asked for · of these first on their connection
/// ```
public struct OpeningPaths: Sendable {
    private struct Place {
        var tag: UInt32 = 0
        var asked: UInt16 = 0
        var first: UInt16 = 0
    }

    /// Requests of a path before anything is said of it.
    private static let least: UInt16 = 16
    /// The count at which a path's numbers are halved, so that it can change.
    private static let most: UInt16 = 1024

    /// The part of a path that is looked at: this runs for every request.
    private static let hashedBytes = 64

    private var places = [Place](repeating: Place(), count: 256)
    /// Of the last requests, about how many were not the first of their connection, in 1/65536.
    private var followers: UInt32 = 0

    /// Creates a memory of nothing.
    public init() {}

    /// Notes a request, and tells whether its path opens pages.
    ///
    /// - Parameters:
    ///   - method: Its method: the same path posted to is another.
    ///   - path: The path without its query; so much of it as tells it apart. Two paths may share a place; the one asked for last has it.
    ///   - isFirst: Whether it is the first of its connection, or the first after a rest.
    /// - Returns: Whether nearly all requests of this method and path were the first of their connection.
    public mutating func opens(
        _ method: UnsafeRawBufferPointer,
        _ path: UnsafeRawBufferPointer,
        isFirst: Bool
    ) -> Bool {
        // FNV-1a, 64 bits.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in method { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for byte in path.prefix(Self.hashedBytes) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let index = Int(hash & 255)
        let tag = UInt32(truncatingIfNeeded: hash >> 32)
        followers = followers - followers / 256 + (isFirst ? 0 : 256)
        if places[index].tag != tag || places[index].asked == 0 {
            places[index] = Place(tag: tag)
        }
        places[index].asked += 1
        if isFirst { places[index].first += 1 }
        if places[index].asked >= Self.most {
            places[index].asked /= 2
            places[index].first /= 2
        }
        let place = places[index]
        // Nearly all of the path's requests, and a fair part of the others not.
        return place.asked >= Self.least && UInt32(place.first) * 10 >= UInt32(place.asked) * 8 && followers > 16_384
    }
}
