import Testing

@testable import RoostConfiguration

/// Limits by path, as configuration writes them.
@Suite struct PathTimeoutTests {
    @Test func `is a path and a time`() throws {
        #expect(try PathTimeout.parse("/export=300s") == PathTimeout(prefix: "/export", timeout: .seconds(300)))
        #expect(try PathTimeout.parse("/a=b=500ms") == PathTimeout(prefix: "/a=b", timeout: .milliseconds(500)))
        #expect(try PathTimeout.parse("/=0") == PathTimeout(prefix: "/", timeout: .zero))
        #expect(try PathTimeout.parse("/export=300s").description == "/export=5m")
    }

    @Test(arguments: ["", "/export", "export=5s", "/export=", "/export=5 bananas", "/ex port=5s", "/a=25h", "=5s"])
    func `anything else is refused`(text: String) {
        #expect(throws: ValueError.self) { try PathTimeout.parse(text) }
    }

    @Test func `several are given in a file and on the command line`() throws {
        let fromFlags = try load("shop:app --request-timeout-paths /a=1s --request-timeout-paths /b=0").configuration
        #expect(fromFlags.requests.pathTimeouts.map(\.description) == ["/a=1s", "/b=0s"])
        let fromFile = try load(
            files: files(["/srv/app/roost.toml": "request-timeout-paths = ['/a=1s', '/b=0']"])
        )
        #expect(fromFile.configuration.requests.pathTimeouts == fromFlags.requests.pathTimeouts)
    }
}
