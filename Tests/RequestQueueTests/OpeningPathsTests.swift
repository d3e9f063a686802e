import RequestQueue
import Testing

extension OpeningPaths {
    /// Notes a GET of `path`.
    fileprivate mutating func opens(_ path: [UInt8], method: String = "GET", isFirst: Bool) -> Bool {
        Array(method.utf8).withUnsafeBytes { method in
            path.withUnsafeBytes { opens(method, $0, isFirst: isFirst) }
        }
    }
}

/// Which paths are taken to open pages.
@Suite struct OpeningPathsTests {
    private let page = Array("/".utf8)
    private let callback = Array("/_dash-update-component".utf8)

    /// Pages as a browser loads them: the document first, then `callbacks` requests on the connection that is open.
    private func load(_ pages: Int, callbacks: Int, _ paths: inout OpeningPaths) -> (page: Bool, callback: Bool) {
        var last = (page: false, callback: false)
        for _ in 0..<pages {
            last.page = paths.opens(page, isFirst: true)
            for _ in 0..<callbacks { last.callback = paths.opens(callback, isFirst: false) }
        }
        return last
    }

    @Test func `a path that is asked for first opens pages once it was seen often enough`() {
        var paths = OpeningPaths()
        var answers: [Bool] = []
        for _ in 0..<40 {
            answers.append(paths.opens(page, isFirst: true))
            for _ in 0..<12 { #expect(paths.opens(callback, isFirst: false) == false) }
        }
        #expect(!answers.prefix(15).contains(true))
        #expect(answers.last == true)
        // Once known it stays known.
        #expect(answers == answers.sorted { !$0 && $1 })
    }

    @Test func `behind a proxy that opens a connection for each request no path opens pages`() {
        var paths = OpeningPaths()
        for _ in 0..<2000 {
            #expect(paths.opens(page, isFirst: true) == false)
            #expect(paths.opens(callback, isFirst: true) == false)
        }
    }

    @Test func `behind a proxy that keeps its connections no path opens pages`() {
        var paths = OpeningPaths()
        for round in 0..<2000 {
            #expect(paths.opens(page, isFirst: round < 8) == false)
            #expect(paths.opens(callback, isFirst: false) == false)
        }
    }

    @Test func `a path that is asked for in between as often as first does not open pages`() {
        var paths = OpeningPaths()
        for round in 0..<500 {
            #expect(paths.opens(page, isFirst: round.isMultiple(of: 2)) == false)
            _ = paths.opens(callback, isFirst: false)
        }
    }

    @Test func `a path whose use changes is forgotten in the end`() {
        var paths = OpeningPaths()
        #expect(load(3000, callbacks: 4, &paths).page)
        var still = 0
        for _ in 0..<3000 where paths.opens(page, isFirst: false) { still += 1 }
        #expect(still < 1000)
        #expect(paths.opens(page, isFirst: false) == false)
    }

    @Test func `many paths of which none returns never open pages`() {
        var paths = OpeningPaths()
        _ = load(100, callbacks: 4, &paths)
        for number in 0..<20_000 {
            #expect(paths.opens(Array("/item/\(number)".utf8), isFirst: true) == false)
        }
    }

    @Test func `a form posted to the path of a page does not open pages`() {
        var paths = OpeningPaths()
        for _ in 0..<100 {
            _ = paths.opens(page, isFirst: true)
            for _ in 0..<4 { #expect(paths.opens(page, method: "POST", isFirst: false) == false) }
        }
        #expect(paths.opens(page, isFirst: true) == true)
    }

    @Test func `any bytes can be a path`() {
        var paths = OpeningPaths()
        var random = SeededGenerator(seed: 5)
        for _ in 0..<5000 {
            let path = (0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            _ = paths.opens(path, isFirst: random.chance(0.5))
        }
        // Nothing was asked for often enough, but the empty path.
        #expect(paths.opens(Array("/new".utf8), isFirst: true) == false)
    }
}
