import Testing

@testable import RoostConfiguration

@Suite struct `Permissions of Unix sockets` {
    @Test(arguments: [("660", 0o660), ("0660", 0o660), ("0o600", 0o600), ("777", 0o777)])
    func `are octal`(text: String, mode: Int) throws {
        #expect(try SocketMode.parse(text) == UInt32(mode))
    }

    @Test(arguments: ["", "66", "rw", "1777", "0o", "888", "060", "00660", "-60"])
    func `that nobody could use or chmod does not know are refused`(text: String) {
        #expect(throws: ValueError.self) { try SocketMode.parse(text) }
    }

    @Test func `are printed in a form that is read back`() throws {
        #expect(SocketMode.text(0o660) == "660")
        #expect(try SocketMode.parse(SocketMode.text(0o200)) == 0o200)
    }
}
