import Testing

@testable import Development

@Suite struct `The page of code that does not start` {
    let page = FailurePage(
        title: "the application cannot be imported",
        details: "File \"<app & co>.py\"\n\tраз, 'два'\u{1B}[31m\n</pre></dialog><script>alert(1)</script>",
        changes: "a<b>.py"
    )

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `a stranger's text stays text`() {
        for html in [text(page.overlay), text(page.html)] {
            #expect(!html.contains("<script"))
            #expect(html.contains("&lt;/pre&gt;&lt;/dialog&gt;&lt;script&gt;"))
            #expect(html.contains("a&lt;b&gt;.py"))
            #expect(html.contains("File &quot;&lt;app &amp; co&gt;.py&quot;\n\t"))
            #expect(html.contains("\\u{1b}[31m"))
        }
        #expect(!text(page.text).contains("\u{1B}"))
    }

    @Test func `it is ASCII, for a page of whatever encoding`() {
        #expect(page.overlay.allSatisfy { $0 < 0x80 })
        #expect(page.html.allSatisfy { $0 < 0x80 })
        #expect(text(page.overlay).contains("&#1088;&#1072;&#1079;"))
    }

    @Test func `it loads nothing, runs nothing, and closes without a script`() {
        let overlay = text(page.overlay)
        for word in ["<script", "onclick", "src=", "href=", "url(", "@import"] { #expect(!overlay.contains(word)) }
        #expect(overlay.contains("<form method=\"dialog\""))
        #expect(overlay.contains("role=\"alert\""))
        // A display of its own would keep a closed dialog on the screen.
        let opening = overlay.prefix { $0 != ">" }
        #expect(!opening.contains("display:") && !opening.contains("all:"))
    }

    @Test func `it names what changed, when something did`() {
        #expect(text(page.text).contains("Changed: a<b>.py."))
        let first = FailurePage(title: "no app", details: "", changes: "")
        #expect(!text(first.html).contains("Changed"))
        #expect(text(first.html).contains("No app."))
    }
}
