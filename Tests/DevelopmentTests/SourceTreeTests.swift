import Glibc
import Testing

@testable import Development

/// A directory of its own for one test, gone with it.
final class Folder {
    let path: String

    init() throws {
        var template = Array("/tmp/roost-development-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if !made { throw CancellationError() }
    }

    deinit { remove(path) }

    func make(_ relative: String) throws {
        try #require(mkdir("\(path)/\(relative)", 0o755) == 0)
    }

    func write(_ relative: String, _ text: String = "") throws {
        let file = try #require(fopen("\(path)/\(relative)", "w"))
        fputs(text, file)
        fclose(file)
    }

    private func remove(_ path: String) {
        if let stream = opendir(path) {
            while let entry = readdir(stream) {
                guard let name = SourceTree.name(of: entry), name != ".", name != ".." else { continue }
                if entry.pointee.d_type == DT_DIR { remove("\(path)/\(name)") } else { unlink("\(path)/\(name)") }
            }
            closedir(stream)
        }
        rmdir(path)
    }
}

@Suite struct `A look at the files` {
    let folder: Folder

    init() throws { folder = try Folder() }

    private func names(_ tree: SourceTree) -> [String] {
        tree.look().snapshot.files.keys.map { String($0.dropFirst(folder.path.count + 1)) }.sorted()
    }

    @Test func `finds code in all directories but those of tools`() throws {
        for directory in ["shop", "shop/__pycache__", ".git", "node_modules", "env", "conda", "conda/conda-meta"] {
            try folder.make(directory)
        }
        for file in [
            "app.py", "shop/views.py", "shop/__pycache__/views.py", ".git/hook.py", "node_modules/x.py",
            "env/pyvenv.cfg", "env/site.py", "conda/x.py", "notes.txt",
        ] {
            try folder.write(file)
        }
        #expect(names(SourceTree(roots: [folder.path], rules: WatchRules())) == ["app.py", "shop/views.py"])
    }

    @Test func `a link in a circle is not followed, a link to a file is`() throws {
        try folder.write("app.py")
        try folder.make("shop")
        #expect(symlink("..", "\(folder.path)/shop/up") == 0)
        #expect(symlink("../app.py", "\(folder.path)/shop/linked.py") == 0)
        #expect(symlink("nowhere", "\(folder.path)/dangling.py") == 0)
        #expect(names(SourceTree(roots: [folder.path], rules: WatchRules())) == ["app.py", "shop/linked.py"])
    }

    @Test func `a save by rename and a deletion are seen`() throws {
        try folder.write("app.py", "one")
        try folder.write("old.py")
        let tree = SourceTree(roots: [folder.path], rules: WatchRules())
        let before = tree.look().snapshot
        try folder.write("app.py.new", "two")
        #expect(rename("\(folder.path)/app.py.new", "\(folder.path)/app.py") == 0)
        unlink("\(folder.path)/old.py")
        let changes = before.changes(until: tree.look().snapshot)
        #expect(changes.changes == ["\(folder.path)/app.py": .changed, "\(folder.path)/old.py": .gone])
    }

    @Test func `more directories than the limit are not looked into, and it says so`() throws {
        for number in 1...5 { try folder.make("d\(number)") }
        let look = SourceTree(roots: [folder.path], rules: WatchRules(), limit: 3).look()
        #expect(look.directories == 3)
        #expect(look.isCut)
    }

    @Test func `a watched directory that is not there is said to be missing`() throws {
        #expect(SourceTree(roots: ["\(folder.path)/none"], rules: WatchRules()).look().lacksRoot)
        #expect(!SourceTree(roots: [folder.path], rules: WatchRules()).look().lacksRoot)
    }

    @Test func `directories below others are watched once, unless the way to them is not entered`() {
        let rules = WatchRules()
        #expect(SourceTree(roots: ["/srv", "/srv/shop/", "/srv"], rules: rules).roots == ["/srv"])
        #expect(SourceTree(roots: ["/srv", "/srv/.lib/x"], rules: rules).roots == ["/srv", "/srv/.lib/x"])
        #expect(SourceTree(roots: ["/srv", "/srvx"], rules: rules).roots == ["/srv", "/srvx"])
    }
}

@Suite struct `The kernel's events` {
    let folder: Folder
    let rules = WatchRules()

    init() throws { folder = try Folder() }

    @Test func `code that is written, moved, touched or deleted is worth a look`() throws {
        try folder.write("app.py")
        let events = try ChangeEvents()
        try events.watch(folder.path)
        #expect(!events.take(rules))
        try folder.write("app.py", "new")
        #expect(events.take(rules))
        try folder.write("4913")
        #expect(!events.take(rules))
        #expect(rename("\(folder.path)/4913", "\(folder.path)/app.py") == 0)
        #expect(events.take(rules))
        #expect(utimes("\(folder.path)/app.py", nil) == 0)
        #expect(events.take(rules))
        unlink("\(folder.path)/app.py")
        #expect(events.take(rules))
    }

    @Test func `logs, editors' files and Python's cache are not`() throws {
        let events = try ChangeEvents()
        try events.watch(folder.path)
        try folder.write("app.log", "x")
        try folder.write(".app.py.swp", "x")
        try folder.make("__pycache__")
        #expect(!events.take(rules))
        try folder.make("shop")
        #expect(events.take(rules))
    }

    @Test func `the end of a watched directory is worth a look`() throws {
        try folder.make("shop")
        let events = try ChangeEvents()
        try events.watch("\(folder.path)/shop")
        rmdir("\(folder.path)/shop")
        #expect(events.take(rules))
    }

    @Test func `a directory that is gone is no error`() throws {
        let events = try ChangeEvents()
        try events.watch("\(folder.path)/gone")
        #expect(!events.take(rules))
    }
}

@Suite struct `Python's compiled copies` {
    @Test func `those of changed files are taken away, no others`() throws {
        let folder = try Folder()
        try folder.make("__pycache__")
        for name in ["app.cpython-313.pyc", "app.cpython-39.opt-1.pyc", "apple.cpython-313.pyc", "app.txt"] {
            try folder.write("__pycache__/\(name)")
        }
        BytecodeCache.forget(ChangeSet(["\(folder.path)/app.py": .changed, "\(folder.path)/x.html": .changed]))
        #expect(access("\(folder.path)/__pycache__/app.cpython-313.pyc", F_OK) != 0)
        #expect(access("\(folder.path)/__pycache__/app.cpython-39.opt-1.pyc", F_OK) != 0)
        #expect(access("\(folder.path)/__pycache__/apple.cpython-313.pyc", F_OK) == 0)
        #expect(access("\(folder.path)/__pycache__/app.txt", F_OK) == 0)
    }

    @Test func `only Python files have copies`() {
        #expect(BytecodeCache.place(of: "/srv/app.html") == nil)
        #expect(BytecodeCache.place(of: "/srv/.py") == nil)
        #expect(BytecodeCache.place(of: "/srv/shop/app.py")?.directory == "/srv/shop/__pycache__")
    }
}
