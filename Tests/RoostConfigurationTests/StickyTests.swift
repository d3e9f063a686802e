import Testing

@testable import RoostConfiguration

/// Browsers that stay with a worker, as configuration writes it.
@Suite struct StickyTests {
    @Test(arguments: [
        ("auto", ServerConfiguration.Sticky.Rule.auto), ("off", .off), ("cookie", .cookie), ("address", .address),
        ("header:X-User", .header(name: "x-user")), ("query:session_hash", .query(name: "session_hash")),
        ("path:2", .path(place: 2)),
    ])
    func `a rule is one word, or a kind and a name`(text: String, rule: ServerConfiguration.Sticky.Rule) throws {
        let configuration = try load("shop:app --sticky \(text)").configuration
        #expect(configuration.sticky.rule == rule)
        #expect(try load("shop:app --sticky \(rule.text)").configuration.sticky.rule == rule)
    }

    @Test(arguments: [
        "Cookie", "cookies", "header", "header:", "header:a b", "query:", "query:a=b", "path", "path:0", "path:33",
        "path:x",
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: ConfigurationError.self) {
            try load(environment: ["ROOST_TARGET": "a:b", "ROOST_STICKY": text])
        }
    }

    @Test func `a cookie's name is a token`() throws {
        #expect(try load("shop:app --sticky-cookie __Host-x").configuration.sticky.cookieName == "__Host-x")
        #expect(throws: ConfigurationError.self) { try load("shop:app --sticky-cookie a;b") }
    }

    @Test func `what is about sessions needs sessions`() {
        #expect(throws: ConfigurationError.self) { try load("shop:app --sticky off --max-sessions 3") }
        #expect(throws: ConfigurationError.self) { try load("shop:app --sticky address --sticky-cookie a") }
        #expect(throws: Never.self) { try load("shop:app --sticky address --max-sessions 3") }
        #expect(throws: Never.self) { try load("shop:app --max-sessions 3 --sticky-cookie a") }
    }
}
