import Testing
import WorkerLink

/// Where an application is mounted, and what a proxy made of that.
@Suite struct RootPathTests {
    private let app = RootPath("/team/app".utf8)

    private func reading<Result>(_ path: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Array(path.utf8).withUnsafeBytes(body)
    }

    private func rest(_ path: String, below root: RootPath) -> String {
        reading(path) { String(decoding: root.rest(of: $0), as: UTF8.self) }
    }

    @Test(arguments: [
        ("/team/app/sales", "/sales"), ("/team/app/", "/"), ("/team/app", "/"), ("/team/app//x", "//x"),
    ])
    func `a path that begins with it is whole`(path: String, rest: String) {
        #expect(reading(path) { app.byteCount(in: $0) } == 9)
        #expect(reading(path) { app.isMissing(in: $0) } == false)
        #expect(self.rest(path, below: app) == rest)
    }

    @Test(arguments: ["/", "/sales", "/team", "/team/apps", "/team/app2/x", "/Team/App/x", "/x/team/app"])
    func `any other lacks it, also where only a part of a name is the same`(path: String) {
        #expect(reading(path) { app.byteCount(in: $0) } == 0)
        #expect(reading(path) { app.isMissing(in: $0) } == true)
        #expect(rest(path, below: app) == path)
    }

    @Test func `what is no path has none`() {
        #expect(reading("*") { app.isMissing(in: $0) } == false)
        #expect(reading("") { app.isMissing(in: $0) } == false)
        #expect(rest("*", below: app) == "*")
    }

    @Test(arguments: ["/", "/sales", "*", ""])
    func `without a root path every path is whole`(path: String) {
        #expect(reading(path) { RootPath().isMissing(in: $0) } == false)
        #expect(rest(path, below: RootPath()) == path)
    }
}
