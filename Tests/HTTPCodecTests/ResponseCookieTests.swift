import HTTPCodec
import Testing

/// The server's own cookie in a response.
@Suite struct ResponseCookieTests {
    private func cookies(_ fields: [(String, String)], status: Int = 200) throws -> [String] {
        let frame = ResponseFrame(status: status, fields: fields)
        return try encode(frame.payload, bodyLength: 0, cookie: "session=1; Path=/").get().lines("set-cookie")
    }

    @Test func `comes after the application's own`() throws {
        #expect(try cookies([]) == ["Set-Cookie: session=1; Path=/"])
        #expect(try cookies([("set-cookie", "a=b")]) == ["set-cookie: a=b", "Set-Cookie: session=1; Path=/"])
        #expect(try cookies([("Cache-Control", "no-cache")], status: 304).count == 1)
    }

    @Test func `is not there unless asked for`() throws {
        #expect(try encode(ResponseFrame(status: 200).payload, bodyLength: 0).get().lines("set-cookie") == [])
    }

    @Test(arguments: ["public", "max-age=60, Public", "immutable,max-age=60", "private, s-maxage=5", " public "])
    func `is not sent with what caches keep for everybody`(value: String) throws {
        #expect(try cookies([("Cache-Control", value)]) == [])
        #expect(try cookies([("cache-control", "no-store"), ("CACHE-CONTROL", value)]) == [])
    }

    @Test(arguments: ["", "private", "max-age=60", "no-cache", "x-public", "publicly", "community=\"UCI\""])
    func `is sent with all else`(value: String) throws {
        #expect(try cookies([("Cache-Control", value)]).count == 1)
    }
}
