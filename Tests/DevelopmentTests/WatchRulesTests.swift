import Testing

@testable import Development

@Suite struct `A pattern for paths` {
    @Test(arguments: [
        ("*.py", "shop/views.py", true),
        ("*.py", "views.pyc", false),
        ("views.*", "shop/views.html", true),
        ("templates/*.html", "templates/a.html", true),
        ("templates/*.html", "templates/mail/a.html", false),
        ("templates/*.html", "shop/templates/a.html", false),
        ("templates/**/*.html", "templates/a.html", true),
        ("templates/**/*.html", "templates/mail/old/a.html", true),
        ("**/data/*", "data/x", true),
        ("data/**", "data/a/b/c", true),
        ("./data/*.csv", "data/a.csv", true),
        ("data/", "shop/data", true),
        ("*.[ct]sv", "a.tsv", true),
        ("*.[!ct]sv", "a.tsv", false),
        ("v[0-9].py", "v7.py", true),
        ("v[0-9].py", "vx.py", false),
        ("a[b", "a[b", true),
        ("?.py", "ab.py", false),
        (".env", ".env", true),
        ("*", ".env", false),
        (".*", ".env", true),
        ("/srv/app/*.toml", "x.toml", true),
        ("/srv/*.toml", "x.toml", false),
        ("", "a", false),
    ])
    func `matches as the shell's do`(pattern: String, path: String, isMatch: Bool) {
        #expect(GlobPattern(pattern).matches(path, in: "/srv/app") == isMatch)
    }

    @Test func `a pattern of many stars is no trap`() {
        let pattern = GlobPattern(String(repeating: "*a", count: 40) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 2000), in: "/srv"))
    }
}

@Suite struct `The rules of what is watched` {
    @Test(arguments: ["app.py", "shop/views.py", "templates/a.html", ".env"])
    func `code and what was included is watched`(path: String) {
        #expect(WatchRules(includes: ["*.html", ".env"]).watches(file: path, in: "/srv"))
    }

    @Test(arguments: [
        ".app.py.swp", ".#app.py", "#app.py#", "app.py~", "4913", "app.pyc", "app.py.tmp", ".hidden.py", "notes.txt",
    ])
    func `what editors leave, and other files, is not`(path: String) {
        #expect(!WatchRules().watches(file: path, in: "/srv"))
    }

    @Test func `what editors leave is not even included by a star`() {
        let rules = WatchRules(includes: ["*"])
        #expect(rules.watches(file: "notes.txt", in: "/srv"))
        for leftover in ["app.py~", "x.swp", "#app.py#", "a.tmp", "app.cpython-313.pyc"] {
            #expect(!rules.watches(file: leftover, in: "/srv"))
        }
    }

    @Test(arguments: [
        "__pycache__", ".git", ".venv", "node_modules", "web/node_modules", "lib/site-packages", ".mypy_cache",
        "shop.egg-info",
    ])
    func `directories that tools fill are not entered`(path: String) {
        #expect(!WatchRules().enters(path, in: "/srv"))
    }

    @Test func `what is excluded is not watched, a directory with all that is in it`() {
        let rules = WatchRules(includes: ["*.html"], excludes: ["tests", "build/**", "*_generated.py"])
        #expect(!rules.enters("tests", in: "/srv"))
        #expect(!rules.enters("shop/tests", in: "/srv"))
        #expect(!rules.watches(file: "build/a.html", in: "/srv"))
        #expect(!rules.watches(file: "shop/x_generated.py", in: "/srv"))
        #expect(rules.watches(file: "shop/x.py", in: "/srv"))
    }

    @Test func `an event about a name is worth a look only when the name can be code`() {
        let rules = WatchRules(includes: ["templates/**/*.html"])
        #expect(rules.mayConcern(name: "app.py", isDirectory: false))
        #expect(rules.mayConcern(name: "a.html", isDirectory: false))
        #expect(!rules.mayConcern(name: "app.log", isDirectory: false))
        #expect(rules.mayConcern(name: "shop", isDirectory: true))
        #expect(!rules.mayConcern(name: "__pycache__", isDirectory: true))
    }
}
