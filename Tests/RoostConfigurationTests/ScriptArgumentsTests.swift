import Testing

@testable import RoostConfiguration

@Suite struct `Arguments of a script` {
    @Test(arguments: [
        ("page.py -- --region north", "page.py", ["--region", "north"]),
        ("page.py --threads 2 -- --threads 9 x:y", "page.py", ["--threads", "9", "x:y"]),
        ("page.py -- -- -", "page.py", ["--", "-"]),
        ("-- page.py --help", "page.py", ["--help"]),
        ("page.py --", "page.py", []),
    ])
    func `stand behind two hyphens`(line: String, target: String, arguments: [String]) throws {
        let application = try load(line).configuration.application
        #expect(application.target?.description == "/srv/app/\(target)")
        #expect(application.scriptArguments == arguments)
    }

    @Test func `of a target in a file begin with a hyphen, or stand in the file`() throws {
        let there = files(["/srv/app/roost.toml": "target = 'shop:app'\nscript-arguments = ['--old', 'a b']"])
        #expect(try load("", files: there).configuration.application.scriptArguments == ["--old", "a b"])
        let application = try load("-- --x y", files: there).configuration.application
        #expect(application.scriptArguments == ["--x", "y"])
        #expect(application.target?.description == "shop:app")
    }

    @Test func `are bounded, for they travel in one variable`() {
        #expect(throws: ConfigurationError.self) {
            try load("page.py -- " + String(repeating: "x", count: 40_000))
        }
    }

    @Test(arguments: ["auto", "shop.example", "[::1]:8000", "127.0.0.1"])
    func `a host of the warm-up is a name`(host: String) throws {
        let chosen = try load("shop:app --warm-up-host \(host)").configuration.application.warmUpHost
        #expect(chosen == (host == "auto" ? nil : host))
        #expect(throws: ConfigurationError.self) { try load("shop:app --warm-up-host a,\(host)/") }
    }
}
