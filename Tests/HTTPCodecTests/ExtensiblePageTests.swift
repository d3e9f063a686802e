import HTTPCodec
import Testing

@Suite struct `A page that something follows` {
    private func page(_ status: Int = 200, _ fields: [(String, String)]) -> ExtensiblePage? {
        ResponseFrame(status: status, fields: fields).payload.withUnsafeBytes { ExtensiblePage(payload: $0) }
    }

    @Test func `loses what would be wrong of it, and keeps the rest in order`() {
        let page = page(
            200,
            [
                ("Set-Cookie", "a=1"), ("Content-Type", "Text/HTML; charset=latin-1"), ("Content-Length", "120"),
                ("ETag", "\"1\""), ("Last-Modified", "never"), ("Cache-Control", "max-age=60"), ("Set-Cookie", "b=2"),
            ]
        )
        let wanted = ResponseFrame(
            status: 200,
            fields: [
                ("Set-Cookie", "a=1"), ("Content-Type", "Text/HTML; charset=latin-1"), ("Set-Cookie", "b=2"),
                ("Cache-Control", "no-store"),
            ]
        )
        #expect(page?.payload == wanted.payload)
        #expect(page?.announcedLength == 120)
    }

    @Test func `is sent with the length of all of it`() throws {
        let page = try #require(self.page(200, [("content-type", "text/html")]))
        let encoded = try encode(page.payload, bodyLength: 99).get()
        #expect(encoded.lines("Content-Length") == ["Content-Length: 99"])
        #expect(encoded.lines("Cache-Control") == ["Cache-Control: no-store"])
    }

    @Test(arguments: [
        [("Content-Type", "application/json")],
        [("Content-Type", "text/htmlx")],
        [("Content-Type", "text/html"), ("Content-Encoding", "gzip")],
        [("Content-Type", "text/html"), ("Content-Disposition", "Attachment; filename=a.html")],
        [("Content-Type", "text/html"), ("Content-Length", "1"), ("Content-Length", "2")],
        [("Content-Type", "text/html"), ("Content-Length", "x")],
        [],
    ])
    func `nothing else is a page`(fields: [(String, String)]) {
        #expect(page(200, fields) == nil)
    }

    @Test(arguments: [204, 206, 304, 404, 500])
    func `only a whole answer is a page`(status: Int) {
        #expect(page(status, [("Content-Type", "text/html")]) == nil)
    }

    @Test func `identity is no coding`() {
        #expect(page(200, [("Content-Type", "text/html"), ("Content-Encoding", "identity")]) != nil)
    }

    @Test func `a head that is cut or runs over is left alone`() {
        let whole = ResponseFrame(status: 200, fields: [("Content-Type", "text/html")]).payload
        for count in whole.indices {
            let cut = whole[..<count].withUnsafeBytes { ExtensiblePage(payload: $0) }
            #expect(cut == nil)
        }
        let over = (whole + [0]).withUnsafeBytes { ExtensiblePage(payload: $0) }
        #expect(over == nil)
    }
}
