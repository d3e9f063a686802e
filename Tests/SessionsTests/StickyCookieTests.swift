import Sessions
import Testing

@Suite struct StickyCookieTests {
    private let text = "0123456789abcdef00000000000000ff"
    private let named = SessionID(high: 0x0123_4567_89AB_CDEF, low: 0xFF)

    private func read(_ value: String, name: String = "roost_session") -> SessionID? {
        withBytes(of: value) { StickyCookie(name: name).session(in: $0) }
    }

    @Test func `a name is 32 lower-case hexadecimal digits, there and back`() {
        #expect(withBytes(of: text) { SessionID(text: $0) } == named)
        #expect(named.text == Array(text.utf8))
        var generator = SystemRandomNumberGenerator()
        let random = SessionID.random(using: &generator)
        #expect(random.text.withUnsafeBytes { SessionID(text: $0) } == random)
    }

    @Test(arguments: [
        "", "0", "0123456789ABCDEF00000000000000FF", "0123456789abcdef00000000000000f",
        "g123456789abcdef00000000000000ff",
    ])
    func `nothing else is one`(text: String) {
        #expect(withBytes(of: text) { SessionID(text: $0) } == nil)
    }

    @Test(arguments: [
        "roost_session=%", "a=b; roost_session=%", "roost_session=%; a=b", "a=b;roost_session=%;c=d",
        " roost_session=% ",
        "roost_session=\"%\"",
        "_streamlit_xsrf=2|ac9e3bb7|c840e65b1be82eaad4627b2deb5f14c8|1795358776; roost_session=%",
        "roost_session=of another server; roost_session=%", ";;; ; =; x; roost_session=%",
        "r\u{f6}st=\u{1F425}; roost_session=%",
    ])
    func `is found among other cookies, whatever they hold`(value: String) {
        #expect(read(value.replacing("%", with: text)) == named)
    }

    @Test(arguments: [
        "", ";", "roost_session", "roost_session=", "roost_session=1", "xroost_session=%", "roost_sessions=%",
        "Roost_session=%",
        "a=roost_session=%", "roost_session==%", "roost_session =%", "roost_session=%0",
    ])
    func `is not found in what only looks like it`(value: String) {
        #expect(read(value.replacing("%", with: text)) == nil)
    }

    @Test func `is hidden from scripts, and sent with links from elsewhere`() {
        let value = String(decoding: StickyCookie().setting(named, isSecure: false), as: UTF8.self)
        #expect(value == "roost_session=\(text); Path=/; HttpOnly; SameSite=Lax")
    }

    @Test func `is secure where the request was`() {
        let value = String(decoding: StickyCookie(name: "n").setting(named, isSecure: true), as: UTF8.self)
        #expect(value == "n=\(text); Path=/; HttpOnly; SameSite=Lax; Secure")
    }

    @Test func `for frames in other sites it is all that browsers ask for`() {
        let cookie = StickyCookie(path: "/app", sameSite: .none)
        let value = String(decoding: cookie.setting(named, isSecure: false), as: UTF8.self)
        #expect(value == "roost_session=\(text); Path=/app; HttpOnly; SameSite=None; Secure; Partitioned")
    }
}
