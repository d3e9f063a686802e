import Testing

@testable import RoostConfiguration

/// Where the app is mounted, as configuration writes it.
@Suite struct RootPathTests {
    @Test(arguments: [("/app", "/app"), ("/app/", "/app"), ("/team/app-2.x", "/team/app-2.x"), ("/", "")])
    func `it begins with a slash and ends with none`(text: String, path: String) throws {
        #expect(try load("shop:app --root-path \(text)").configuration.application.rootPath == path)
        #expect(try load("shop:app --url-prefix \(text)").configuration.application.rootPath == path)
    }

    @Test(arguments: ["app", "/a b", "/a//b", "/a/../b", "/a%20b", "/a?b", "/a;b", "/é", "http://x/app"])
    func `what could not stand in an address is refused`(text: String) {
        #expect(throws: ConfigurationError.self) {
            try load(environment: ["ROOST_TARGET": "a:b", "ROOST_ROOT_PATH": text])
        }
    }

    @Test func `a cookie that browsers take for the whole host only can't be below a path`() {
        #expect(throws: ConfigurationError.self) { try load("shop:app --root-path /app --sticky-cookie __Host-a") }
        #expect(throws: Never.self) { try load("shop:app --root-path / --sticky-cookie __Host-a") }
        #expect(throws: Never.self) { try load("shop:app --root-path /app --sticky-cookie __Secure-a") }
    }
}
