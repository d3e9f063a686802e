import Sessions
import Testing

@Suite struct SessionHintTests {
    private let id = "36f44047-bb63-47e3-ab96-58f7de186406"

    private func text(_ bytes: UnsafeRawBufferPointer?) -> String? {
        bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    private func inPath(_ path: String) -> String? {
        withBytes(of: path) { text(SessionHint.streamlitSession(inPath: $0)) }
    }

    private func inProtocols(_ first: String, _ second: String? = nil) -> String? {
        withBytes(of: first) { first in
            withBytes(of: second ?? "") {
                text(SessionHint.streamlitSession(inProtocols: second == nil ? [first] : [first, $0]))
            }
        }
    }

    @Test func `a reconnecting Streamlit page names its session third`() {
        #expect(inProtocols("streamlit, 2|d63d|1795358872, \(id)") == id)
        #expect(inProtocols("streamlit,PLACEHOLDER_AUTH_TOKEN,\(id) ") == id)
        #expect(inProtocols("streamlit, 2|d63d|1795358872", id) == id)
    }

    @Test func `what may be fetched without cookies and begins nothing is a part of a page`() {
        func isPart(_ destination: String) -> Bool {
            withBytes(of: destination) { SessionHint.isPartOfPage(fetchedFor: $0) }
        }
        #expect(["font", "image", "manifest", "style", "track"].allSatisfy(isPart))
        #expect(!["", "document", "iframe", "empty", "script", "websocket", "Image"].contains(where: isPart))
    }

    @Test(arguments: [
        "", "streamlit", "streamlit, 2|d63d|1795358872", "graphql-ws, a, 36f44047-bb63", "streamlit, a, b",
    ])
    func `others name none`(value: String) {
        #expect(inProtocols(value) == nil)
    }

    @Test func `an upload names its session in the path`() {
        #expect(inPath("/_stcore/upload_file/\(id)/0d1e") == id)
        #expect(inPath("/base/_stcore/upload_file/\(id)/0d1e") == id)
        #expect(inPath("/_stcore/upload_file/\(id)") == id)
    }

    @Test(arguments: [
        "", "/", "/_stcore/upload_file", "/_stcore/upload_file/", "/_stcore/health", "/upload_file/36f44047-bb63",
    ])
    func `other paths name none`(path: String) {
        #expect(inPath(path) == nil)
    }

    @Test func `a query's parameter is its first value as sent`() {
        func value(_ query: String) -> String? {
            withBytes(of: query) { text(SessionHint.parameter("session_hash", in: $0)) }
        }
        #expect(value("session_hash=abc") == "abc")
        #expect(value("a=b&session_hash=a%20c&session_hash=d") == "a%20c")
        #expect(value("session_hash=") == nil)
        #expect(value("session_hash") == nil)
        #expect(value("xsession_hash=abc") == nil)
        #expect(value("") == nil)
    }

    @Test func `a path's segments are counted from one`() {
        func segment(_ place: Int, _ path: String) -> String? {
            withBytes(of: path) { text(SessionHint.segment(place, of: $0)) }
        }
        #expect((1...4).map { segment($0, "/session/abc/upload") } == ["session", "abc", "upload", nil])
        #expect(segment(2, "/session//upload") == nil)
        #expect(segment(1, "/") == nil)
        #expect(segment(1, "*") == nil)
        #expect(segment(0, "/a") == nil)
    }
}
