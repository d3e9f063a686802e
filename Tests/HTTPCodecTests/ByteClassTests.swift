import Testing

@testable import HTTPCodec

@Suite struct ByteClassTests {
    @Test func `the table says what the grammar says`() {
        let letters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
        let token = letters.union("!#$%&'*+-.^_`|~".utf8)
        let host = letters.union("-._~".utf8)
        for byte in UInt8.min...UInt8.max {
            let bits = ByteClass.table[Int(byte)]
            #expect((bits & ByteClass.token != 0) == token.contains(byte))
            #expect((bits & ByteClass.host != 0) == host.contains(byte))
            let isTarget = byte > 0x20 && byte != 0x7F && byte != 0x23 && byte != 0x3F
            #expect((bits & ByteClass.target != 0) == isTarget)
            #expect((bits & ByteClass.underscore != 0) == (byte == 0x5F))
        }
    }

    @Test func `the first control character is found at every place among any others`() {
        for count in 0...20 {
            for place in 0...count {
                for control in [0x00, 0x09, 0x0A, 0x0D, 0x1F, 0x7F] as [UInt8] {
                    for filler in [0x20, 0x7E, 0x80, 0xFF, 0xA0, 0x21] as [UInt8] {
                        var bytes = [UInt8](repeating: filler, count: count)
                        for index in place..<count { bytes[index] = index == place ? control : 0x00 }
                        let found = bytes.withUnsafeBytes { bytes in
                            bytes.baseAddress.map { ByteScan.firstControl(in: $0, from: 0, to: count) }
                        }
                        #expect(found == place)
                    }
                }
            }
        }
    }
}
