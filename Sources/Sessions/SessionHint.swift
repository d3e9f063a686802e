/// What a request shows of its session besides cookies.
public enum SessionHint {
    /// Returns the id of the Streamlit session that a WebSocket handshake wants to go on with: the third entry of
    /// `Sec-WebSocket-Protocol`, after `streamlit` and a token.
    ///
    /// - Parameter lines: The values of the fields of that name, in the order sent.
    /// - Returns: The id's bytes; nil where there is none.
    public static func streamlitSession(inProtocols lines: [UnsafeRawBufferPointer]) -> UnsafeRawBufferPointer? {
        let entries = lines.flatMap { $0.split(separator: UInt8(ascii: ","), maxSplits: 16) }.map(trimmed)
        guard entries.count > 2, entries[0].elementsEqual("streamlit".utf8) else { return nil }
        return identifier(entries[2])
    }

    /// Returns the id of the Streamlit session whose file a path names: `…/_stcore/upload_file/{session}/{file}`.
    public static func streamlitSession(inPath path: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let segments = path.split(separator: UInt8(ascii: "/"), maxSplits: 32)
        guard let mark = segments.firstIndex(where: { $0.elementsEqual("upload_file".utf8) }), mark > 0,
            segments[mark - 1].elementsEqual("_stcore".utf8), mark + 1 < segments.count
        else { return nil }
        return identifier(UnsafeRawBufferPointer(rebasing: segments[mark + 1]))
    }

    /// Returns whether what a browser says in `Sec-Fetch-Dest` is a part of a page, one for which it may leave out its cookies
    /// and which does not begin anything: never a page, a frame, a script or what a script fetches.
    public static func isPartOfPage(fetchedFor destination: UnsafeRawBufferPointer) -> Bool {
        ["font", "image", "manifest", "style", "track"].contains { destination.elementsEqual($0.utf8) }
    }

    /// Returns the first value of a query parameter, as sent; nil where it is empty or not there.
    public static func parameter(_ name: String, in query: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        for pair in query.split(separator: UInt8(ascii: "&")) {
            guard let mark = pair.firstIndex(of: UInt8(ascii: "=")), pair[..<mark].elementsEqual(name.utf8) else {
                continue
            }
            let value = UnsafeRawBufferPointer(rebasing: pair[mark...].dropFirst())
            return value.isEmpty ? nil : value
        }
        return nil
    }

    /// Returns the segment of a path at a place, from 1, as sent; nil where it is empty or not there.
    public static func segment(_ place: Int, of path: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let segments = path.dropFirst().split(
            separator: UInt8(ascii: "/"),
            maxSplits: max(place, 1),
            omittingEmptySubsequences: false
        )
        guard segments.indices.contains(place - 1), !segments[place - 1].isEmpty else { return nil }
        return UnsafeRawBufferPointer(rebasing: segments[place - 1])
    }

    private static func identifier(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        (8...128).contains(bytes.count) ? bytes : nil
    }

    private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> UnsafeRawBufferPointer {
        func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var bytes = bytes.drop(while: isSpace)
        while let last = bytes.last, isSpace(last) { bytes = bytes.dropLast() }
        return UnsafeRawBufferPointer(rebasing: bytes)
    }
}
