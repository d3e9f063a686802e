import Testing

@testable import RoostConfiguration

@Suite struct `Values of options` {
    @Test(arguments: [
        ("0", 0), ("65536", 65_536), ("64KiB", 65_536), ("64k", 65_536), ("10MB", 10_000_000), ("1G", 1 << 30),
        ("1 GiB", 1 << 30), ("5b", 5),
    ])
    func `a size is bytes or has a unit`(text: String, bytes: Int) throws {
        #expect(try ByteCount.parse(text).bytes == bytes)
    }

    @Test(arguments: ["", "x", "-1", "1.5G", "9999999999G", "1TB", "KiB", "1 2"])
    func `what is no size is refused`(text: String) {
        #expect(throws: ValueError.self) { try ByteCount.parse(text) }
    }

    @Test(arguments: [
        ("30", Duration.seconds(30)), ("30s", .seconds(30)), ("500ms", .milliseconds(500)), ("2m", .seconds(120)),
        ("1h", .seconds(3_600)), ("1.5s", .milliseconds(1_500)), ("0.25", .milliseconds(250)), ("0", .zero),
        ("1.5m", .seconds(90)),
    ])
    func `a duration is seconds or has a unit`(text: String, duration: Duration) throws {
        #expect(try DurationText.parse(text) == duration)
    }

    @Test(arguments: ["", "s", "-1", "1d", "1.", ".5", "1.2.3", "1.1234567", "99999999999h", "1e5", "∞"])
    func `what is no duration is refused`(text: String) {
        #expect(throws: ValueError.self) { try DurationText.parse(text) }
    }

    @Test func `sizes and durations are printed in a form that is read back`() throws {
        for bytes in [0, 1, 1_023, 1_024, 65_536, 8_190, 1 << 20, 3 << 30, Int.max] {
            #expect(try ByteCount.parse(ByteCount(bytes: bytes).description).bytes == bytes)
        }
        for milliseconds in [0, 1, 500, 1_500, 60_000, 75_000, 120_000, 3_600_000, 86_400_000] {
            let duration = Duration.milliseconds(milliseconds)
            #expect(try DurationText.parse(DurationText.text(duration)) == duration)
        }
        #expect(DurationText.text(.microseconds(1_000_050)) == "1.000050s")
    }

    @Test(arguments: [
        ("127.0.0.1:8000", "127.0.0.1:8000"), ("localhost:1", "localhost:1"), (":80", "0.0.0.0:80"),
        ("8080", "127.0.0.1:8080"), ("[::]:9", "[::]:9"), ("0", "127.0.0.1:0"), ("unix:/run/a b", "unix:/run/a b"),
        ("unix:x/./y", "unix:/base/x/y"),
    ])
    func `an address has five forms`(text: String, address: String) throws {
        #expect(try BindAddress.parse(text, base: "/base").description == address)
    }

    @Test(arguments: [
        "", "host", "a b:1", ":", ":x", "unix:", "[::1]", "[::1]80", "http://x:1", "::1:80", "fd://3", "-1",
        "unix:@name",
    ])
    func `what is no address is refused`(text: String) {
        #expect(throws: ValueError.self) { try BindAddress.parse(text, base: "/") }
    }

    @Test(arguments: [
        ("shop.wsgi:app", "shop.wsgi:app"), ("shop:create_app()", "shop:create_app()"), ("shop", "shop"),
        ("shop:ns.app", "shop:ns.app"), ("dash_app.py", "/base/dash_app.py"),
        ("src/a-b.py:srv", "/base/src/a-b.py:srv"),
        ("/x/y.py:make()", "/x/y.py:make()"), ("shop:make('prod', debug=False)", "shop:make('prod', debug=False)"),
        ("shop:make(':80', {'a': 1})", "shop:make(':80', {'a': 1})"), ("/a(b)/y.py:make(1)", "/a(b)/y.py:make(1)"),
        ("/a(b:c)/y.py:make()", "/a(b:c)/y.py:make()"), ("Übung:ä", "Übung:ä"),
    ])
    func `a target is a module or a file, with an attribute or a factory`(text: String, target: String) throws {
        #expect(try AppTarget.parse(text, base: "/base").description == target)
    }

    @Test
    func `a file that is not in the working directory is looked for in the app's`() throws {
        let there = files(["/srv/app/pages/sales.py": "", "/srv/app/both.py": "", "/srv/app/pages/both.py": ""])
        func target(_ arguments: String) throws -> String? {
            try load(arguments, files: there).configuration.application.target?.description
        }
        #expect(try target("sales.py --app-dir pages") == "/srv/app/pages/sales.py")
        #expect(try target("sales.py:app --app-dir /srv/app/pages") == "/srv/app/pages/sales.py:app")
        #expect(try target("both.py --app-dir pages") == "/srv/app/both.py")
        #expect(try target("/srv/other/sales.py --app-dir pages") == "/srv/other/sales.py")
        #expect(try target("neither.py --app-dir pages") == "/srv/app/neither.py")
    }

    @Test(arguments: [
        ("shop:", "there is no name after the colon", "module:app, or module alone"),
        (":app", "':app' names no module", "module:app, module:create_app() or file.py"),
        ("", "'' names no module", "module:app, module:create_app() or file.py"),
        (
            "shop/wsgi:app", "'shop/wsgi' is a path but not of a .py file",
            "a module (shop.wsgi) or a file (shop/wsgi.py)"
        ),
        ("my-app:app", "'my-app' is not a module name", "the file instead: my-app.py"),
        ("a..b:app", "'a..b' is not a module name", "module:app or file.py"),
        ("shop:1app", "'1app' is not a Python name", "module:app"),
        ("shop:make(", "'make(' is not a call", "module:create_app()"),
    ])
    func `a target that cannot be is refused with what to write`(text: String, reason: String, suggestion: String) {
        #expect(throws: ValueError(reason, suggestion: suggestion)) { try AppTarget.parse(text, base: "/base") }
    }

    @Test func `the nearest name is suggested, and none for a word that is far from all`() {
        let names = ["queue-limit", "queue-timeout", "threads"]
        #expect(Suggestion.nearest(to: "queue_limit", among: names) == "queue-limit")
        #expect(Suggestion.nearest(to: "theards", among: names) == "threads")
        #expect(Suggestion.nearest(to: "zebra", among: names) == nil)
        #expect(Suggestion.distance("", "abc") == 3)
        #expect(Suggestion.distance("abc", "") == 3)
        #expect(Suggestion.distance("ab", "ba") == 1)
        #expect(Suggestion.nearest(to: String(repeating: "x", count: 100_000), among: names) == nil)
    }
}
