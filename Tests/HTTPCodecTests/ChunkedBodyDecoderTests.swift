import HTTPCodec
import Testing

@Suite struct ChunkedBodyDecoderTests {
    @Test func `nothing after the body is consumed, and a complete decoder consumes nothing`() throws {
        var decoder = ChunkedBodyDecoder()
        var body: [UInt8] = []
        let step = try decode(latin1("3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1"), &decoder, &body)
        #expect(step.consumed == 13 && step.isComplete && text(body) == "abc")
        let after = try decode(latin1("GET / HTTP/1.1"), &decoder, &body)
        #expect(after.consumed == 0 && after.isComplete && text(body) == "abc")
    }

    @Test func `data comes out before its chunk is whole`() throws {
        var decoder = ChunkedBodyDecoder()
        var body: [UInt8] = []
        let step = try decode(latin1("7fffffffffffffff\r\nabc"), &decoder, &body)
        #expect(step.consumed == 21 && !step.isComplete && text(body) == "abc")
    }

    @Test func `a refusal stays`() {
        var decoder = ChunkedBodyDecoder()
        var body: [UInt8] = []
        #expect(throws: Refusal.self) { try decode(latin1("x"), &decoder, &body) }
        #expect(throws: Refusal.self) { try decode(latin1("0\r\n\r\n"), &decoder, &body) }
    }

    @Test func `limits hold to the byte`() throws {
        func status(_ text: String, _ change: (inout HTTPLimits) -> Void) -> Int? {
            var limits = HTTPLimits()
            change(&limits)
            var decoder = ChunkedBodyDecoder(limits: limits)
            var body: [UInt8] = []
            do throws(Refusal) {
                let step = try decode(latin1(text), &decoder, &body)
                return step.isComplete ? nil : 0
            } catch {
                return error.status
            }
        }
        let plain = "0;abc\r\nX: y\r\nZ:\r\n\r\n"
        #expect(status(plain) { $0.chunkLineBytes = 5 } == nil)
        #expect(status(plain) { $0.chunkLineBytes = 4 } == 400)
        #expect(status(plain) { $0.trailerBytes = 12 } == nil)
        #expect(status(plain) { $0.trailerBytes = 11 } == 431)
        #expect(status(plain) { $0.fieldCount = 2 } == nil)
        #expect(status(plain) { $0.fieldCount = 1 } == 431)
    }

    private func body(_ text: String, _ limits: HTTPLimits = HTTPLimits()) -> String? {
        var decoder = ChunkedBodyDecoder(limits: limits)
        var body: [UInt8] = []
        guard let step = try? decode(latin1(text), &decoder, &body), step.isComplete else { return nil }
        return String(decoding: body, as: UTF8.self)
    }

    @Test(arguments: [
        "3 ;a", "3\t;a", "3; a", "3;\ta=b", "3;a =b", "3;a= b", "3 ; a \t=  b ; c", "3;a=\"x y\" ;b", "3;a= \"x\"",
        "3;a ;b",
    ])
    func `white space around semicolons and equals signs is read`(line: String) {
        #expect(body(line + "\r\nabc\r\n0\r\n\r\n") == "abc")
    }

    @Test(arguments: [
        "3 ", "3\t", " 3", "3 a", "3 =a", "3; ", "3;a ", "3;a=b ", "3;a=\"x\" ", "3;a b", "3;a= ", "3;a=b c", "3 3",
    ])
    func `other white space in a size line is refused`(line: String) {
        #expect(body(line + "\r\nabc\r\n0\r\n\r\n") == nil)
    }

    @Test func `the extensions of a body are bounded in sum, and its sizes are not`() {
        var limits = HTTPLimits()
        limits.chunkExtensionBytes = 8
        let chunk = "1;ab\r\nx\r\n"
        #expect(body(chunk + chunk + "0;y\r\n\r\n", limits) == "xx")
        #expect(body(chunk + chunk + chunk + "0\r\n\r\n", limits) == nil)
        #expect(body(String(repeating: "001\r\nx\r\n", count: 9) + "0\r\n\r\n", limits) == "xxxxxxxxx")
    }
}
