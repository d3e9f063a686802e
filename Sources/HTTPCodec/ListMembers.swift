/// The members of a comma-separated field value (RFC 9110 5.6.1), without the spaces and tabs around each.
///
/// Commas in quoted strings are not known here; the fields read this way hold tokens. An empty value has one member,
/// the empty one.
struct ListMembers {
    private var rest: UnsafeRawBufferPointer
    private var hasMore = true

    init(_ value: UnsafeRawBufferPointer) { rest = value }

    /// Returns the next member from the left.
    mutating func next() -> UnsafeRawBufferPointer? {
        guard hasMore else { return nil }
        let comma = rest.firstIndex(of: .comma) ?? rest.count
        let member = rest[..<comma]
        hasMore = comma < rest.count
        if hasMore { rest = UnsafeRawBufferPointer(rebasing: rest[(comma + 1)...]) }
        return UnsafeRawBufferPointer(rebasing: member).trimmed
    }

    /// Returns the next member from the right.
    mutating func nextFromRight() -> UnsafeRawBufferPointer? {
        guard hasMore else { return nil }
        let comma = rest.lastIndex(of: .comma)
        let member = rest[(comma.map { $0 + 1 } ?? 0)...]
        hasMore = comma != nil
        if let comma { rest = UnsafeRawBufferPointer(rebasing: rest[..<comma]) }
        return UnsafeRawBufferPointer(rebasing: member).trimmed
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes without the spaces and tabs at either end.
    var trimmed: UnsafeRawBufferPointer {
        var start = 0
        var end = count
        while start < end, self[start].isSpaceOrTab { start += 1 }
        while end > start, self[end - 1].isSpaceOrTab { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: self[start..<end])
    }
}
