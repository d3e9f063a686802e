/// Scans over raw bytes that go eight at a time.
enum ByteScan {
    /// Returns the offset of the first byte in `start..<end` that is below 0x20 or is 0x7F, or `end`.
    ///
    /// Both words are the classic "has a byte less than n" of a borrow through the lanes: a lane above the first hit
    /// may be wrong, the first hit never is, and bytes from 0x80 never are hits.
    @inline(__always)
    static func firstControl(in base: UnsafeRawPointer, from start: Int, to end: Int) -> Int {
        var cursor = start
        let ones: UInt64 = 0x0101_0101_0101_0101
        while cursor &+ 8 <= end {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: cursor, as: UInt64.self))
            let deleted = word ^ (ones &* 0x7F)
            let below = (word &- ones &* 0x20) & ~word
            let equal = (deleted &- ones) & ~deleted
            let hits = (below | equal) & (ones &* 0x80)
            if hits != 0 { return cursor &+ hits.trailingZeroBitCount &>> 3 }
            cursor &+= 8
        }
        while cursor < end {
            let byte = base.load(fromByteOffset: cursor, as: UInt8.self)
            if byte < 0x20 || byte == 0x7F { return cursor }
            cursor &+= 1
        }
        return end
    }

    /// Whether the bytes are `text`, letters of either case; `text` is lower case.
    ///
    /// Setting bit 5 of each byte maps capitals to small letters. It also maps other bytes onto each other (`^` onto
    /// `~`, a carriage return onto `-`), never onto a letter; so `text` holds letters, digits and `-` only, and bytes
    /// that may hold control characters are checked for those first.
    @inline(__always)
    static func matches(_ base: UnsafeRawPointer, count: Int, _ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let expected = UnsafeRawPointer(text.utf8Start)
        var index = 0
        while index &+ 8 <= count {
            let word = base.loadUnaligned(fromByteOffset: index, as: UInt64.self) | 0x2020_2020_2020_2020
            if word != expected.loadUnaligned(fromByteOffset: index, as: UInt64.self) { return false }
            index &+= 8
        }
        while index < count {
            let byte = base.load(fromByteOffset: index, as: UInt8.self) | 0x20
            if byte != expected.load(fromByteOffset: index, as: UInt8.self) { return false }
            index &+= 1
        }
        return true
    }

    /// Whether the bytes are `text` exactly.
    @inline(__always)
    static func equals(_ base: UnsafeRawPointer, count: Int, _ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && equals(base, count: count, prefixOf: text)
    }

    /// Whether the bytes are the first ones of `text`.
    @inline(__always)
    static func equals(_ base: UnsafeRawPointer, count: Int, prefixOf text: StaticString) -> Bool {
        guard count <= text.utf8CodeUnitCount else { return false }
        for index in 0..<count where base.load(fromByteOffset: index, as: UInt8.self) != text.utf8Start[index] {
            return false
        }
        return true
    }
}

extension UnsafeRawPointer {
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }
}
