import Foundation
import Logging
import Telemetry
import Testing

@testable import Admin

/// What keeps the admin's port open for those who ask.
@Suite struct AdminPortTests {
    @Test func `the newest connection that asks nothing goes first`() {
        var bound = ConnectionBound(limit: 3)
        let numbers = (0..<3).map { _ in bound.open() }
        #expect(numbers.allSatisfy { $0.excess == nil })
        #expect(bound.open().excess == 2)
        #expect(bound.open().excess == 3)
        bound.note(4, isBusy: true)
        #expect(bound.open().excess == 1)
        bound.note(5, isBusy: true)
        bound.note(0, isBusy: true)
        let last = bound.open()
        #expect(last.excess == last.number, "all others are being answered")
        #expect(bound.count == 3)
        bound.note(5, isBusy: false)
        #expect(bound.open().excess == 5)
        bound.close(0)
        #expect(bound.open().excess == nil)
    }

    @Test(arguments: [
        nil, "", "127.0.0.1", "127.0.0.1:9090", "10.1.2.3:80", "[::1]:9090", "localhost:9090", "LOCALHOST", "roost",
        "node.local:1", "web.internal", "admin.example.org:9090", "Admin.Example.Org.", "127.0.0.1.",
    ])
    func `addresses, private names and given names are the admin's`(authority: String?) {
        #expect(HostRule(names: ["Admin.example.org"]).allows(authority))
    }

    @Test(arguments: [
        "evil.example:9090", "evil.example", "127.0.0.1.evil.example", "300.1.1.1", "a.b", "org.admin.example",
    ])
    func `any other name is not`(authority: String) {
        #expect(!HostRule(names: ["admin.example.org"]).allows(authority))
        #expect(HostRule(names: ["*"]).allows(authority))
    }
}
