/// What a byte may be part of, looked up in one table.
///
///     bit 0  token      RFC 9110 5.6.2: methods, field names, list members
///     bit 1  target     what a request target may hold besides `?` and `#`: visible ASCII and bytes from 0x80
///     bit 2  host       letters, digits, `-` `.` `_` `~`: the names and IPv4 addresses of an authority
///     bit 3  underscore `_` itself
///
/// The table is text so that it is constant data; each character is 0x40 plus the bits. A test spells the classes
/// out again and compares.
enum ByteClass {
    static let token: UInt8 = 1
    static let target: UInt8 = 2
    static let host: UInt8 = 4
    static let underscore: UInt8 = 8

    @inline(__always)
    static var table: UnsafePointer<UInt8> {
        let text: StaticString = """
            @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@CBACCCCBBCCBGGBGGGGGGGGGGBBBBB@\
            BGGGGGGGGGGGGGGGGGGGGGGGGGGBBBCOCGGGGGGGGGGGGGGGGGGGGGGGGGGBCBG@\
            BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB\
            BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB
            """
        return text.utf8Start
    }

    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool { table[Int(byte)] & token != 0 }

    @inline(__always)
    static func isHost(_ byte: UInt8) -> Bool { table[Int(byte)] & host != 0 }

    /// Whether the byte may stand in a field value or a reason phrase: tab, space, visible ASCII, or 0x80 and above.
    @inline(__always)
    static func isFieldText(_ byte: UInt8) -> Bool { (byte >= 0x20 && byte != 0x7F) || byte == .tab }
}

extension UInt8 {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let numberSign: UInt8 = 0x23
    static let comma: UInt8 = 0x2C
    static let dot: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let zero: UInt8 = 0x30
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let equals: UInt8 = 0x3D
    static let questionMark: UInt8 = 0x3F
    static let leftBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let rightBracket: UInt8 = 0x5D

    @inline(__always)
    var isSpaceOrTab: Bool { self == .space || self == .tab }

    /// The value of a decimal digit; nil for any other byte.
    @inline(__always)
    var decimalValue: UInt8? {
        let value = self &- .zero
        return value < 10 ? value : nil
    }

    /// The value of a hexadecimal digit; nil for any other byte.
    @inline(__always)
    var hexadecimalValue: UInt8? {
        if let value = decimalValue { return value }
        let value = (self | 0x20) &- 0x61
        return value < 6 ? value &+ 10 : nil
    }
}
